"""Frozen features on disk: one vector per clip and per face.

voices.npy   float32 (clips, D)     voices.parquet   clip, identity, row
faces.npy    float32 (faces, D)     faces.parquet    face, identity, row
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.errors import DataError
from vfal.core.files import whole_file
from vfal.core.tables import read_table, write_table
from vfal.core.types import Modality

GIVEN = "features"  # folder of vectors that a corpus holds in place of files
NUMBER_OF: dict[Modality, str] = {"voice": "clip", "face": "face"}


@dataclass(frozen=True)
class Features:
    """Vectors of one modality and the table that says whose they are."""

    index: pd.DataFrame
    vectors_ND: NDArray[np.float32]


def write_features(folder: Path, modality: Modality, features: Features) -> None:
    """Write one modality's vectors and index."""
    with whole_file(folder / f"{modality}s.npy") as partial, partial.open("wb") as handle:
        np.save(handle, features.vectors_ND)
    write_table(folder / f"{modality}s.parquet", features.index)


def read_features(folder: Path, modality: Modality) -> Features:
    """Read one modality's vectors; index and array must agree in length."""
    index = read_table(folder / f"{modality}s.parquet", [NUMBER_OF[modality], "identity", "row"])
    path = folder / f"{modality}s.npy"
    try:
        vectors_ND = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file. Run `dvc repro embed`.") from None
    except ValueError as error:
        raise DataError(f"{path}: damaged ({error}). Delete it and run `dvc repro embed`.") from error
    if len(index) != len(vectors_ND):
        raise DataError(f"{path}: {len(vectors_ND)} vectors, its index says {len(index)}.")
    return Features(index, vectors_ND)
