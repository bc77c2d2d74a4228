"""CMPC: 40 matching rows per identity, and all items of both kinds for retrieval."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from vfal.core.types import DIRECTIONS, Direction, Group, Modality
from vfal.lists.crowd import Crowd, rows_of
from vfal.lists.recipe import Recipe
from vfal.metrics import Integers

ROWS = 40  # per identity that asks
SPARE = 4  # times as many are drawn, because none may come twice
SIDES: dict[Modality, str] = {"voice": "wav", "face": "jpg"}


class Cmpc(Recipe):
    """`matching_v2f_test_G`; retrieval is `wav_test` with `jpg_test` beside it."""

    rule: ClassVar = (
        "cmpc: 40 different rows per identity that has a partner, wrong identities drawn uniformly, the "
        "right candidate first; retrieval over all items"
    )
    marks: ClassVar[Mapping[Group, str]] = {
        "all": "U",
        "same_gender": "G",
        "same_nationality": "N",
        "same_gender+same_nationality": "GN",
    }
    usual: ClassVar = ("all", "same_gender", "same_nationality", "same_gender+same_nationality")
    ending: ClassVar = "csv"

    def draw(
        self, crowd: Crowd, groups: tuple[Group, ...], candidates: int, tag: str
    ) -> Iterator[tuple[str, list[str]]]:
        """Matching lists of both directions, then the two files of retrieval."""
        for direction in DIRECTIONS:
            for group in groups:
                numbers_TK = _matching(crowd, direction, group, candidates)
                paths = crowd.column("path", numbers_TK)
                yield f"matching_{direction}_{tag}_{self.marks[group]}", rows_of(list(paths.T), " ")
        for modality, kind in SIDES.items():
            numbers = crowd.sides[modality].numbers_N
            cells = [crowd.column("person", numbers), crowd.column("path", numbers)]
            yield f"{kind}_{tag}", [f"VoxCeleb1 ID\t{kind}", *rows_of(cells, "\t")]


def _matching(crowd: Crowd, direction: Direction, group: Group, candidates: int) -> Integers:
    """Probe, right and wrong items (T, 1 + candidates), by identity; fewer where items are too few."""
    rng = crowd.draws("cmpc", direction, group)
    people_T = np.repeat(crowd.members(group), ROWS * SPARE)
    others_TK = crowd.others(people_T, np.ones(len(crowd.people)), group, candidates - 1, rng)
    enough = (others_TK >= 0).all(axis=1)
    people_T, others_TK = people_T[enough], others_TK[enough]
    probes_T = crowd.asking(direction).one_of(people_T, rng)
    gallery_TK = crowd.asked(direction).one_of(np.column_stack([people_T, others_TK]), rng)
    rows = np.column_stack([people_T, probes_T, gallery_TK])
    _, first = np.unique(rows, axis=0, return_index=True)
    rows = rows[np.sort(first)]  # each once, people still side by side
    place = np.arange(len(rows)) - np.searchsorted(rows[:, 0], rows[:, 0])
    return np.asarray(rows[place < ROWS, 1:])
