"""Block of the pair classifier."""

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Same person or not, by a network that sees both."""

    width: PositiveInt
    hidden: PositiveInt
    dropout: float = Field(ge=0, lt=1)
    normalise: bool
