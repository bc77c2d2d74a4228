"""Block of the CLIP recipe on voices and faces."""

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Two-sided InfoNCE between the modalities with a temperature that is learned."""

    width: PositiveInt
    shared_tail: bool
    temperature_initial: float = Field(gt=0)
    temperature_lowest: float = Field(gt=0)
