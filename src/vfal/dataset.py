"""The contract of a data set: where its files are, and which tables describe them."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.config.machine import Collect
from vfal.core.types import Modality


@dataclass(frozen=True)
class DatasetCard:
    """What a data set is, for `vfal` to print."""

    title: str
    licence: str
    source: str


@dataclass(frozen=True)
class Corpus:
    """A corpus on disk.

    `root` is the folder that `path` columns are relative to. The tables have the columns of
    `core/tables.py`; their rows are sorted by identity and path, so an item's number never depends on
    the order in which a file system lists its files. `left_aside` names files that are in no table, with
    reasons. `features` are given where the corpus holds vectors in place of files: by modality, float32
    (items, D), in the order of the tables.
    """

    root: Path
    identities: pd.DataFrame
    clips: pd.DataFrame
    faces: pd.DataFrame
    truth: pd.DataFrame | None = None
    left_aside: tuple[tuple[str, str], ...] = ()
    features: Mapping[Modality, NDArray[np.float32]] | None = None


class Dataset(ABC):
    """One corpus that `collect` can bring in. Nothing after `collect` knows which one it was."""

    card: ClassVar[DatasetCard]

    @abstractmethod
    def collect(
        self, settings: Collect, folder: Path, *, workers: int, withdrawn: Collection[str] = ()
    ) -> Corpus:
        """Make the corpus inside `folder`, or find it where `settings.root` says, and list it.

        Identities that have `withdrawn` are in no table, and nothing of them is made, copied or opened.
        Raises `DataError` when files or folders that the corpus needs are not there.
        """
