"""What a reader of one list format must be able to do."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from vfal.lists.people import People
from vfal.lists.trial_list import TrialList


class Format(ABC):
    """One published list format."""

    title: ClassVar[str]
    source: ClassVar[str]

    @abstractmethod
    def recognises(self, head: list[str]) -> bool:
        """Whether a file that starts with these lines (without line ends) is of this format."""

    @abstractmethod
    def read(self, path: Path, people: People) -> list[TrialList]:
        """The lists of a file, one per direction and gallery. Raises `DataError` naming file and row."""
