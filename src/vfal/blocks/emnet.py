"""Block of EmNet."""

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Elastic ranking: a match against a number of candidates that changes from batch to batch."""

    width: PositiveInt
    shared_tail: bool
    normalise: bool
    probe: Literal["voice", "face", "both"]
    least_candidates: int = Field(ge=2)
    most_candidates: int = Field(ge=2)
    margin: float = Field(ge=0)

    @model_validator(mode="after")
    def _least_is_not_above_most(self) -> "Settings":
        if self.least_candidates > self.most_candidates:
            raise ValueError(
                f"least_candidates: {self.least_candidates} is above most_candidates {self.most_candidates}"
            )
        return self
