"""Block of Detach and Enhance."""

from typing import Literal

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Shared and private codes of each modality, decoders, and terms that keep the codes apart."""

    feature_norm: float = Field(ge=0)
    dropout: float = Field(ge=0, lt=1)
    hidden: PositiveInt
    code_width: PositiveInt
    code_norm: Literal["batch", "none"]
    reconstruction: float = Field(ge=0)
    orthogonality: float = Field(ge=0)
    orthogonality_reduction: Literal["mean", "sum"]
