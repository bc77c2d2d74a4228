"""A shelf: names of entries and the modules they live in, imported only when taken down."""

import difflib
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from vfal.core.errors import ConfigError


def take_down(shelf: Mapping[str, str], name: str, key: str) -> Any:
    """The entry `name` of a shelf of `module:attribute` addresses.

    An unknown name is a `ConfigError` that names the key it came from and the nearest entry.
    """
    if name not in shelf:
        close = difflib.get_close_matches(name, shelf, n=1)
        hint = f"Did you mean '{close[0]}'?" if close else f"Known: {', '.join(shelf)}."
        raise ConfigError(f"{key}: unknown name '{name}'. {hint}")
    module, attribute = shelf[name].split(":")
    return getattr(import_module(module), attribute)
