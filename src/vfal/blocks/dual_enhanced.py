"""Block of the dual-enhanced Siamese adversarial network (DSANet)."""

from typing import Literal

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Two branches, one with a block of the features suppressed and one with it enhanced."""

    rows: int = Field(ge=8, multiple_of=8)
    grid: PositiveInt
    blocks: Literal["uniform", "official"]
    suppress: float = Field(ge=0, le=1)
    enhance: float = Field(ge=0)
    hidden: PositiveInt
    width: PositiveInt
    dropout: float = Field(ge=0, lt=1)
    anchor: Literal["face", "voice", "both"]
    margin: float
    rival_slack: float = Field(gt=0, lt=1)
    adversary_coefficient: float = Field(ge=0)
    metric_coefficient: float = Field(ge=0)
    task_coefficient: float = Field(gt=0)
    encoder_rate_factor: float = Field(gt=0)
    head_rate_factor: float = Field(gt=0)
    critic_rate_factor: float = Field(gt=0)
