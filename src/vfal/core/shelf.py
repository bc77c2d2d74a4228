"""A shelf: names of entries and the modules they live in, imported only when taken down."""

import difflib
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from vfal.core.errors import ConfigError


def take_down(shelf: Mapping[str, str], name: str, key: str) -> Any:
    """The entry `name` of a shelf of `module:attribute` addresses.

    An unknown name is a `ConfigError` that names the key it came from and the nearest entry.
    """
    refuse_unknown(shelf, name, key)
    module, attribute = shelf[name].split(":")
    return getattr(import_module(module), attribute)


def refuse_unknown(shelf: Mapping[str, str], name: str, key: str) -> None:
    """Raise a `ConfigError` that names `key` and the nearest entry unless `name` is on the shelf."""
    if name not in shelf:
        raise ConfigError(f"{key}: unknown name '{name}'. {nearest(name, shelf)}")


def nearest(word: str, known: Iterable[str]) -> str:
    """What a wrong word may have meant, as a sentence: the nearest known one, or all of them."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"Did you mean '{close[0]}'?" if close else f"Known: {', '.join(names)}."
