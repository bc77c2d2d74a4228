"""Block of VFNet."""

from pydantic import PositiveFloat, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Same person or not, by the cosine."""

    width: PositiveInt
    logit_scale: PositiveFloat
