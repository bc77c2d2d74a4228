"""Blocks about looking at results and telling other systems of them."""

import re

from pydantic import Field, PositiveFloat, PositiveInt, field_validator

from vfal.core.config.block import Block


class Compare(Block):
    """The report."""

    retrieved_voices: PositiveInt
    retrieved_faces: PositiveInt
    dropped_faces: PositiveInt
    hardness_bins: PositiveInt


class Tracking(Block):
    """The MLflow mirror."""

    uri: str
    experiment: str = Field(min_length=1)
    sample_every_s: PositiveFloat
    follow_every_s: PositiveFloat
    hardest_identities: PositiveInt
    model_name: str = Field(pattern=r"^[\w.-]+$")  # MLflow's addresses, models:/<name>@<alias>, allow no more

    @field_validator("uri")
    @classmethod
    def _known_scheme(cls, uri: str) -> str:
        if uri and not re.match(r"(https?|(postgresql|mysql)(\+\w+)?)://[^/]|sqlite:///.", uri):
            raise ValueError(
                f"found '{uri}'; expected http://, https://, sqlite:///<file>, postgresql:// or mysql://, or "
                "nothing for a database in this folder (MLflow writes no `file:` stores any more)"
            )
        return uri
