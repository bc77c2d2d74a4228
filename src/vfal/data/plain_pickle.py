"""Pickles of plain values: lists, tuples, sets, dicts, texts, numbers and numpy arrays. Nothing else.

A pickle is a program. This reader lets it build containers and arrays and calls nothing that is not on
the list below, so a file from elsewhere can at worst be refused (Python documentation, pickle,
"Restricting Globals").
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from vfal.core.errors import DataError

# Where numpy keeps what rebuilds an array; the first package was called numpy.core before numpy 2.
_ARRAY_PARTS = {
    ("numpy._core.multiarray", "_reconstruct"), ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"), ("numpy.core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"), ("numpy.core.numeric", "_frombuffer"),
    ("numpy", "ndarray"), ("numpy", "dtype"),
}  # fmt: skip
_CONTAINERS = {
    ("builtins", "set"): set, ("builtins", "frozenset"): frozenset,
    ("__builtin__", "set"): set, ("__builtin__", "frozenset"): frozenset,  # protocols 0 to 2
    ("collections", "OrderedDict"): dict,
}  # fmt: skip
_TEXT_OF_BYTES = ("_codecs", "encode")  # how protocol 2 writes the bytes of an array


def read_plain_pickle(path: Path) -> Any:
    """The value in a pickle file; a `DataError` for one that is damaged or wants anything else built."""
    try:
        with path.open("rb") as handle:
            value = _Plain(handle).load()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file.") from None
    except pickle.UnpicklingError as error:
        raise DataError(f"{path}: refused: {error}.") from None
    except Exception as error:  # a damaged pickle fails in as many ways as there are opcodes
        raise DataError(f"{path}: not a readable pickle ({type(error).__name__}: {error}).") from error
    _refuse_objects(value, path)
    return value


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _CONTAINERS:
            return _CONTAINERS[module, name]
        if (module, name) == _TEXT_OF_BYTES:
            return _latin1
        if (module, name) in _ARRAY_PARTS:
            module = module.replace("numpy.core", "numpy._core")
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            f"it asks for {module}.{name}; only plain containers and numpy arrays are read"
        )


def _latin1(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the encoding {encoding}; arrays are written in latin1")
    return text.encode("latin1")


def _refuse_objects(value: Any, path: Path) -> None:
    """An array of Python objects is no plain array."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, np.ndarray):
            if item.dtype.hasobject:
                raise DataError(f"{path}: refused: an array of Python objects; expected numbers.")
        elif isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list | tuple | set | frozenset):
            waiting += item
