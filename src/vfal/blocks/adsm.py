"""Block of the adversarial deep semantic matching network (Hearing like Seeing)."""

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Triplets and common centres for the generator, a critic of modality against it."""

    width: PositiveInt
    shared_tail: bool
    margin: float = Field(ge=0)
    negatives: Literal["all", "hardest"]
    centre_coefficient: float = Field(ge=0)
    centre_rate: float = Field(gt=0, le=1)
    adversary_coefficient: float = Field(ge=0)
    adversary_ramp_steps: NonNegativeInt
    critic_hidden: PositiveInt
    critic_rate_factor: float = Field(gt=0)
