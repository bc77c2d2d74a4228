"""Block of Learning Discriminative Joint Embeddings."""

from typing import Literal

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Ranking against the hardest negative, identity and centre."""

    width: PositiveInt
    shared_tail: bool
    direction: Literal["both", "alternate", "voice"]
    margin: float = Field(ge=0)
    separation_margin: float = Field(ge=0)
    separation_weight: float = Field(ge=0)
    identity_weight: float = Field(ge=0)
    centre_weight: float = Field(ge=0)
    centre_rate: float = Field(gt=0, le=1)
