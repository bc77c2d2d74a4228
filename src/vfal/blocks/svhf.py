"""Block of Seeing Voices and Hearing Faces (SVHF-Net)."""

from typing import Literal

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Networks that choose among candidates: in two fixed places, or any number beside their mean."""

    form: Literal["places", "pooled", "vftc"]
    candidates: int = Field(ge=2)
    questions: PositiveInt
    hidden: tuple[int, int]
    dropout: float = Field(ge=0, lt=1)
