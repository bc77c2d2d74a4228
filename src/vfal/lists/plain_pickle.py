"""Pickles from outside, read by an unpickler that makes plain containers and numpy arrays only."""

import io
import pickle
from pathlib import Path
from typing import Any

from vfal.core.errors import DataError
from vfal.lists.text import read_bytes

ALLOWED = {
    ("builtins", "set"),
    ("builtins", "frozenset"),
    ("builtins", "bytearray"),
    ("builtins", "complex"),
    ("collections", "OrderedDict"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
    ("_codecs", "encode"),
}


class PlainUnpickler(pickle.Unpickler):
    """Lists, tuples, dicts, sets, text, numbers and numpy arrays; any other global is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """The few globals that numpy arrays are rebuilt from."""
        if (module, name) not in ALLOWED:
            raise DataError(
                f"it asks for {module}.{name}; only plain containers, text, numbers and numpy arrays are read"
            )
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_pickle(path: Path) -> Any:
    """What a pickle holds. Raises `DataError` for anything but plain containers and numpy arrays."""
    try:
        return PlainUnpickler(io.BytesIO(read_bytes(path))).load()
    except DataError as error:
        raise DataError(f"{path}: not read, {error}.") from None
    except Exception as error:  # noqa: BLE001 - a damaged pickle may raise anything
        raise DataError(f"{path}: damaged pickle ({type(error).__name__}: {error}).") from None
