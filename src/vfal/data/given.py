"""Vectors that a corpus holds in place of files, on their way past the stages that would make them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.files import whole_file
from vfal.core.tables import write_table
from vfal.core.types import MODALITIES, Modality
from vfal.data.features import NUMBER_OF, Features, read_features, write_features
from vfal.dataset import Corpus


def write_given(folder: Path, corpus: Corpus) -> None:
    """Write the vectors of every item of the corpus."""
    assert corpus.features is not None
    for modality, items in _by_modality(corpus.clips, corpus.faces).items():
        index = items[[NUMBER_OF[modality], "identity"]].assign(row=range(len(items)))
        write_features(folder, modality, Features(index, corpus.features[modality]))


def take_given(source: Path, media: Path, clips: pd.DataFrame, faces: pd.DataFrame, *, face_px: int) -> None:
    """Leave the vectors of usable items in `media`, beside packed arrays that hold nothing."""
    for modality, items in _by_modality(clips, faces).items():
        usable, number = items[items["problem"] == ""], NUMBER_OF[modality]
        given = read_features(source, modality)
        rows = given.index.set_index(number)["row"].loc[usable[number]].to_numpy()
        index = usable[[number, "identity"]].assign(row=range(len(usable)))
        vectors_ND = np.ascontiguousarray(given.vectors_ND[rows])
        write_features(media / source.name, modality, Features(index.reset_index(drop=True), vectors_ND))
    _empty(media, "voices", np.empty(0, np.int16), ["clip", "row", "offset", "samples"])
    _empty(media, "faces", np.empty((0, face_px, face_px, 3), np.uint8), ["face", "row"])


def _by_modality(clips: pd.DataFrame, faces: pd.DataFrame) -> dict[Modality, pd.DataFrame]:
    return dict(zip(MODALITIES, (clips, faces), strict=True))


def _empty(media: Path, name: str, array: NDArray[Any], columns: list[str]) -> None:
    with whole_file(media / f"{name}.npy") as partial, partial.open("wb") as handle:
        np.save(handle, array)
    index = pd.DataFrame({column: np.empty(0, np.int64) for column in columns})
    index.insert(1, "identity", pd.Series([], dtype="str"))
    write_table(media / f"{name}.parquet", index)
