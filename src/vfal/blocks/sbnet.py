"""Block of SBNet."""

from typing import Literal

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """The branch that both modalities share, the order of its items, and the loss beside the classifier."""

    width: PositiveInt
    dropout: float = Field(ge=0, lt=1)
    item_order: Literal["random", "vfvf", "fvfv", "hefhev", "hevhef"]
    loss: Literal["orthogonal", "centre", "git"]
    loss_weight: float = Field(ge=0)
    negative_weight: float = Field(ge=0)
    centre_on: Literal["embedding", "logits"]
    distance: Literal["vector", "coordinate"]
    centre_update: Literal["damped", "per_item"]
    centre_rate: float = Field(gt=0, lt=1)
