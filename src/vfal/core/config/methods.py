"""The blocks of all methods: found by name, so that a method brings its own and nothing here knows it."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from pydantic import create_model

from vfal.core.config.block import Block
from vfal.core.config.phases import SeekingTheShape

BLOCKS = "vfal.blocks"  # room of the blocks: one file per method, its class is `Settings`


class MainMethods(Block):
    """The block that the map's own stages read."""

    seeking_the_shape: SeekingTheShape


def _shelved() -> dict[str, type[Block]]:
    names = [found.name for found in iter_modules([str(Path(__file__).parents[2] / "blocks")])]
    return {name: import_module(f"{BLOCKS}.{name}").Settings for name in sorted(names)}


if TYPE_CHECKING:
    Methods = MainMethods
else:
    Methods = create_model(
        "Methods",
        __base__=MainMethods,
        __doc__="One block per method of the shelf.",
        **{name: (block, ...) for name, block in _shelved().items()},
    )
