"""The contract of a data set: where its files are, and which tables describe them."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from vfal.core.config.machine import Collect


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
    the order in which a file system lists its files.
    """

    root: Path
    identities: pd.DataFrame
    clips: pd.DataFrame
    faces: pd.DataFrame
    truth: pd.DataFrame | None = None


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
