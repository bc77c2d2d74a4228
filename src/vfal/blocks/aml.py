"""Block of Adversarial-Metric Learning for Audio-Visual Cross-Modal Matching."""

from typing import Literal

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """A shared generator, a head for matching questions and a critic of modality."""

    hidden: PositiveInt
    width: PositiveInt
    dropout: float = Field(ge=0, lt=1)
    critic_dropout: float = Field(ge=0, lt=1)
    anchor: Literal["face", "voice", "both"]
    margin: float
    adversary_coefficient: float = Field(ge=0)
    metric_coefficient: float = Field(ge=0)
    task_coefficient: float = Field(gt=0)
    critic_every_steps: PositiveInt
    critic_rate_factor: float = Field(gt=0)
