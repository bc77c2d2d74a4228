"""What the block of every method holds beside its own numbers."""

from typing import Any, Literal

from vfal.core.config.block import Block


class MethodBlock(Block):
    """`recipe` holds the keys of `train_method.recipe` that are different for this method."""

    regime: Literal["features", "raw"]
    adaptive: bool
    recipe: dict[str, Any]
