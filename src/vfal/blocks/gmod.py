"""Block of mined positives over disentangled embeddings."""

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """What is mined, how much of it, and the weights of the terms."""

    hidden_width: PositiveInt
    width: PositiveInt
    dropout: float = Field(ge=0, lt=1)
    shared_tail: bool
    temperature: float = Field(gt=0)
    first_mining_passes: PositiveInt
    mine_every_passes: PositiveInt
    neighbours_first: PositiveInt
    neighbours_last: PositiveInt
    neighbours_steps: PositiveInt
    orthogonality: float = Field(ge=0)
    reconstruction: float = Field(ge=0)
