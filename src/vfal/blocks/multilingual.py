"""Block of A Multilingual Perspective."""

from typing import Literal

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Two branches, and the loss of the centres that their weighted sums are drawn to."""

    width: PositiveInt
    dropout: float = Field(ge=0, lt=1)
    loss: Literal["centre", "git"]
    loss_weight: float = Field(ge=0)
    distance: Literal["vector", "coordinate"]
    centre_update: Literal["damped", "per_item"]
    centre_rate: float = Field(gt=0, lt=1)
