"""Block of On Learning Associations of Faces and Voices."""

from typing import Literal

from pydantic import PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Ratio triplets of Euclidean distances."""

    hidden: PositiveInt
    width: PositiveInt
    reference: Literal["voice", "face", "both"]
    power: Literal[1, 2]
