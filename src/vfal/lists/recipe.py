"""What a published rule for drawing lists is."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar

from vfal.core.types import Group
from vfal.lists.crowd import Crowd


class Recipe(ABC):
    """A rule: its sentence, and what each group it knows is called in names of files."""

    rule: ClassVar[str]
    marks: ClassVar[Mapping[Group, str]]
    usual: ClassVar[tuple[Group, ...]]  # drawn when no group is asked for
    ending: ClassVar[str] = "txt"

    @abstractmethod
    def draw(
        self, crowd: Crowd, groups: tuple[Group, ...], candidates: int, tag: str
    ) -> Iterator[tuple[str, list[str]]]:
        """Names (without `.regenerated.<ending>`) and rows of the lists."""
