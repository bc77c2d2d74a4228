"""Block of the lifted structure loss across modalities."""

from pydantic import PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Lifted structure on all voices and faces of a batch."""

    width: PositiveInt
    shared_tail: bool
    negative_margin: float
    positive_margin: float
