"""Block of SSNet."""

from typing import Literal

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """The stream that both modalities share, and the centres that they are drawn to."""

    width: PositiveInt
    dropout: float = Field(ge=0, lt=1)
    centre_weight: float = Field(ge=0)
    centre_update: Literal["damped", "per_item"]
    centre_rate: float = Field(gt=0, lt=1)
