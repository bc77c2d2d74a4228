"""Blocks about looking at results and telling other systems of them."""

from pydantic import Field, PositiveInt

from vfal.core.config.block import Block


class Compare(Block):
    """The report."""

    retrieved_voices: PositiveInt
    retrieved_faces: PositiveInt


class Tracking(Block):
    """The MLflow mirror."""

    uri: str
    experiment: str = Field(min_length=1)
    model_name: str = Field(min_length=1)
