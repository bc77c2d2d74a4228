"""Anybody's embeddings: files that map paths to vectors.

| file | what it holds |
|---|---|
| `.npz` | a text array (`paths`, `keys` or `names`) and a float array of as many rows (`vectors` or |
|  | `embeddings`), once, or once per modality (`voice_paths`, `voice_vectors`, ...); or a vector per path |
| `.npy` | a float array; a `.txt` of the same name beside it has one path per row |
| `.parquet` | a text column of that name, and a column of vectors or columns of floats |
| `.safetensors` | one vector per path; or one float array and the paths as a json list in the metadata |

No pickle is ever loaded.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.errors import EmbeddingError
from vfal.lists.people import People
from vfal.lists.text import read_lines

PATHS, VECTORS = (
    ("paths", "keys", "names", "path", "key", "name"),
    ("vectors", "embeddings", "vector", "embedding"),
)
Parts = list[tuple[list[str], NDArray[Any]]]


@dataclass(frozen=True, eq=False)
class Vectors:
    """Row i of `vectors_ND` belongs to the item `keys[i]` (`paths.py`)."""

    source: str
    keys: pd.Index
    vectors_ND: NDArray[Any]

    def rows(self, keys: NDArray[Any]) -> NDArray[np.int64]:
        """The row of each key; -1 where there is none."""
        return self.keys.get_indexer(pd.Index(keys, dtype=object)).astype(np.int64)


def read_vectors(files: Iterable[Path], people: People) -> Vectors:
    """The vectors of one or more files.

    Raises `EmbeddingError` that names the file, and the path and row, for what must not be scored: NaN,
    infinity, zeros, numbers that are no floats, vectors of different widths, a path that stands twice.
    """
    files = list(files)
    parts = [(file, paths, vectors) for file in files for paths, vectors in _read(file)]
    for file, paths, vectors in parts:
        _check(file, paths, vectors)
    widths = {vectors.shape[1]: file for file, _, vectors in parts}
    if len(widths) > 1:
        told = ", ".join(f"{width} in {file}" for width, file in widths.items())
        raise EmbeddingError(f"embeddings of different widths cannot be compared: {told}.")
    keys = np.concatenate([people.reader.keys(paths) for _, paths, _ in parts])
    index = pd.Index(keys, dtype=object)
    if not index.is_unique:
        rows = np.flatnonzero(index == index[np.flatnonzero(index.duplicated())[0]])
        spelled = [path for _, paths, _ in parts for path in paths]
        raise EmbeddingError(
            f"{', '.join(map(str, files))}: {spelled[rows[0]]!r} (row {rows[0] + 1}) and "
            f"{spelled[rows[1]]!r} (row {rows[1] + 1}) are the same item; "
            f"{int(index.duplicated().sum())} items stand twice."
        )
    vectors_ND = parts[0][2] if len(parts) == 1 else np.concatenate([vectors for _, _, vectors in parts])
    return Vectors(", ".join(map(str, files)), index, vectors_ND)


def _read(file: Path) -> Parts:
    readers: dict[str, Callable[[Path], Parts]] = {
        ".npz": _npz,
        ".npy": _npy,
        ".parquet": _parquet,
        ".safetensors": _safetensors,
    }
    if file.suffix not in readers:
        raise EmbeddingError(f"{file}: ends in {file.suffix!r}, expected {', '.join(readers)}.")
    if not file.is_file():
        raise EmbeddingError(f"{file}: no such file.")
    try:
        return readers[file.suffix](file)
    except (OSError, ValueError, KeyError) as error:
        hint = " Save paths as text (dtype str), not as objects." if "pickle" in str(error) else ""
        raise EmbeddingError(f"{file}: not readable ({error}).{hint}") from error
    except Exception as error:
        if type(error).__module__.startswith(("safetensors", "zipfile", "pyarrow")):
            raise EmbeddingError(f"{file}: damaged ({error}).") from error
        raise


def _npz(file: Path) -> Parts:
    # numpy forgets to close a damaged archive that it opened itself
    with file.open("rb") as handle, np.load(handle, allow_pickle=False) as held:
        names = list(held.files)
        if (found := _named_pair(names)) is not None:
            return [(held[found[0]].astype(str).tolist(), held[found[1]])]
        pairs = [
            _named_pair([name for name in names if name.startswith(side)], side)
            for side in ("voice_", "face_")
        ]
        if all(pair is not None for pair in pairs):
            return [(held[pair[0]].astype(str).tolist(), held[pair[1]]) for pair in pairs if pair is not None]
        return [(names, _stacked(file, names, [held[name] for name in names]))]


def _named_pair(names: list[str], prefix: str = "") -> tuple[str, str] | None:
    paths, vectors = (
        [f"{prefix}{one}" for one in known if f"{prefix}{one}" in names] for known in (PATHS, VECTORS)
    )
    return (paths[0], vectors[0]) if paths and vectors else None


def _npy(file: Path) -> Parts:
    beside = file.with_suffix(".txt")
    if not beside.is_file():
        raise EmbeddingError(f"{file}: {beside.name}, with one path per row, is not beside it.")
    return [(read_lines(beside).lines, np.load(file, mmap_mode="r", allow_pickle=False))]


def _parquet(file: Path) -> Parts:
    table = pd.read_parquet(file)
    paths = next((name for name in PATHS if name in table.columns), None)
    if paths is None:
        raise EmbeddingError(
            f"{file}: columns {', '.join(map(str, table.columns[:8]))}; expected one of {', '.join(PATHS)}."
        )
    vectors = next((name for name in VECTORS if name in table.columns), None)
    keys = table[paths].astype(str).tolist()
    if vectors is None:
        return [(keys, table.drop(columns=paths).to_numpy())]
    return [(keys, _stacked(file, keys, [np.asarray(one) for one in table[vectors]]))]


def _safetensors(file: Path) -> Parts:
    from safetensors import safe_open

    with safe_open(file, framework="numpy") as held:
        names, metadata = list(held.keys()), held.metadata() or {}
        paths = next((metadata[name] for name in PATHS if name in metadata), None)
        if paths is not None and len(names) == 1:
            return [(json.loads(paths), held.get_tensor(names[0]))]
        return [(names, _stacked(file, names, [held.get_tensor(name) for name in names]))]


def _stacked(file: Path, paths: list[str], vectors: list[NDArray[Any]]) -> NDArray[Any]:
    """One vector per path as rows; the first that is not like the others is named."""
    for row, (path, vector) in enumerate(zip(paths, vectors, strict=True), start=1):
        if vector.ndim != 1 or vector.shape != vectors[0].shape:
            raise EmbeddingError(
                f"{file}, row {row}: {path!r} has shape {vector.shape}; expected one vector per path, all of "
                f"the same width (the first has {vectors[0].shape})."
            )
    return np.stack(vectors) if vectors else np.empty((0, 0), dtype=np.float32)


def _check(file: Path, paths: list[str], vectors_ND: NDArray[Any]) -> None:
    """Refuse what must not be scored, naming the row."""
    if vectors_ND.ndim != 2 or vectors_ND.shape[1] == 0 or vectors_ND.dtype.kind != "f":
        raise EmbeddingError(
            f"{file}: shape {vectors_ND.shape}, type {vectors_ND.dtype}; expected floating point numbers, "
            "one row per path."
        )
    if len(paths) != len(vectors_ND):
        raise EmbeddingError(f"{file}: {len(paths)} paths for {len(vectors_ND)} vectors.")
    for what, broken in (
        ("NaN or infinity", ~np.isfinite(vectors_ND).all(axis=1)),
        ("only zeros", ~vectors_ND.any(axis=1)),
    ):
        if broken.any():
            row = int(np.flatnonzero(broken)[0])
            raise EmbeddingError(
                f"{file}, row {row + 1}: the vector of {paths[row]!r} holds {what}; {int(broken.sum())} of "
                f"{len(paths)} are like it."
            )
