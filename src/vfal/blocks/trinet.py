"""Block of TriNet."""

from typing import Literal

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Voice-anchored triplets on a sphere."""

    width: PositiveInt
    normalise: bool
    scale: float = Field(gt=0)
    margin: float = Field(ge=0)
    reduction: Literal["sum", "mean_all", "mean_active"]
    freeze_voice: bool
    freeze_voice_head: bool
    freeze_face: bool
    network_rate_factor: float = Field(gt=0)
