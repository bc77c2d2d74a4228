"""Block of Learnable Pins."""

from typing import Literal

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Contrastive loss, and the curriculum of its negatives."""

    width: PositiveInt
    shared_tail: bool
    normalise: bool
    margin: float = Field(gt=0)
    power: Literal[1, 2]
    negatives: Literal["at_rank", "visited", "rank_as_place"]
    hardness_first: float = Field(gt=0, le=1)
    hardness_growth: float = Field(ge=0)
    hardness_last: float = Field(gt=0, le=1)
    hardness_interval_steps: PositiveInt
