"""Block of Fusion and Orthogonal Projection."""

from typing import Literal

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Two branches, their fusion, and the weights of the projection."""

    width: PositiveInt
    gate_width: PositiveInt
    dropout: float = Field(ge=0, lt=1)
    fusion: Literal["gated", "linear"]
    projection_weight: float = Field(ge=0)
    negative_weight: float = Field(ge=0)
