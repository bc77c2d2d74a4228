"""Block of Face-Voice Matching using Cross-modal Embeddings."""

from typing import Literal

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """N-pair loss between the modalities."""

    width: PositiveInt
    shared_tail: bool
    anchor: Literal["face", "voice", "both"]
    normalise: bool
    temperature: float = Field(gt=0)
