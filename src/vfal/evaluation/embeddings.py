"""Embeddings with the items they belong to."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.types import Modality
from vfal.evaluation.guards import ITEM, check_vectors

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Items:
    """One modality: row i of `vectors_ND` embeds item `numbers_N[i]` of person `identities_N[i]`."""

    modality: Modality
    numbers_N: Rows
    identities_N: NDArray[Any]
    vectors_ND: NDArray[Any]

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(self.numbers_N)

    def rows(self, numbers: NDArray[Any]) -> Rows:
        """The row of each item number, in the shape of `numbers`; -1 where an item has no embedding."""
        return self._index.get_indexer(pd.Index(numbers.ravel())).astype(np.int64).reshape(numbers.shape)

    def take(self, rows: Rows) -> Self:
        """These rows only."""
        return type(self)(self.modality, self.numbers_N[rows], self.identities_N[rows], self.vectors_ND[rows])


@dataclass(frozen=True, eq=False)
class Embeddings:
    """What a model makes of voice clips and face images, checked when it is built with `of`."""

    voices: Items
    faces: Items

    @classmethod
    def of(
        cls, voices_ND: NDArray[Any], faces_MD: NDArray[Any], *, clips: pd.DataFrame, faces: pd.DataFrame
    ) -> Self:
        """Row i of `voices_ND` embeds row i of `clips` (columns clip, identity); faces likewise.

        Raises `EmbeddingError` for a wrong number of rows, NaN, infinity, or a constant model.
        """
        return cls(_items("voice", voices_ND, clips), _items("face", faces_MD, faces))

    def __getitem__(self, modality: Modality) -> Items:
        return self.voices if modality == "voice" else self.faces


def _items(modality: Modality, vectors_ND: NDArray[Any], table: pd.DataFrame) -> Items:
    numbers = table[ITEM[modality]].to_numpy(dtype=np.int64)
    check_vectors(vectors_ND, numbers, modality)
    return Items(modality, numbers, table["identity"].to_numpy(dtype=object), vectors_ND)
