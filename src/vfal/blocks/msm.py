"""Block of Face-Voice Association with Inductive Bias for Maximum Class Separation."""

from typing import Literal

from pydantic import Field

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Classification of fused embeddings by vectors that are given, and orthogonal projection."""

    classifier: Literal["separate", "learned"]
    fusion_start: Literal["equal", "random"]
    dropout: float = Field(ge=0, lt=1)
    orthogonality: float = Field(ge=0)
    negative_weight: float = Field(ge=0)
