"""Block of the archetype-agnostic framework."""

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """N-pair losses between and within the modalities, and re-gauging triplets."""

    width: PositiveInt
    shared_tail: bool
    temperature: PositiveFloat
    cross_offset: PositiveFloat
    intra_offset: PositiveFloat
    intra: NonNegativeFloat
    regauging: NonNegativeFloat
    regauging_after: NonNegativeInt
    believed_above: float = Field(ge=-1, le=1)
    regauging_margin: NonNegativeFloat
    regauging_slack: NonNegativeFloat
