"""Which of the processes that train together this one is. Imports nothing heavy."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """`rank` counts all processes from 0, `local_rank` those of this machine; `neighbours` share it."""

    rank: int = 0
    processes: int = 1
    local_rank: int = 0
    neighbours: int = 1


_place = Place()


def take_place(place: Place) -> None:
    """Say which process this one is; by default it is the only one."""
    global _place  # noqa: PLW0603 (a process has one place, as it has one working directory)
    _place = place


def my_place() -> Place:
    """The place of this process."""
    return _place


def leading() -> bool:
    """Whether this process speaks for all: the others compute the same and write nothing."""
    return _place.rank == 0
