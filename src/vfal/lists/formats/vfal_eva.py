"""List pickles of vfal-eva: matching, 1:N matching, verification and retrieval, told apart by their keys."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vfal.core.errors import DataError
from vfal.core.types import Group
from vfal.lists.format import Format
from vfal.lists.people import People
from vfal.lists.plain_pickle import read_pickle
from vfal.lists.trial_list import TrialList, build

PAIR = 6  # name, voice, face, name, voice, face


class VfalEva(Format):
    """`test_matching.pkl`, `test_matching_10.pkl`, `test_verification.pkl`, `test_retrieval.pkl` and kin."""

    title: ClassVar = "vfal-eva pickles"
    source: ClassVar = "my-yy/vfal-eva, dataset/evals"

    def recognises(self, head: list[str]) -> bool:
        """Never by its lines: a pickle is told by its first byte."""
        return False

    def read(self, path: Path, people: People) -> list[TrialList]:
        """Both directions of matching and of each retrieval group; verification once, voices asking."""
        held = read_pickle(path)
        if not isinstance(held, dict):
            raise DataError(
                f"{path}: holds a {type(held).__name__}, expected a dict with a list of vfal-eva."
            )
        group: Group = "same_gender" if path.stem.endswith("_g") else "all"
        if "match_list" in held:
            rows = held["match_list"]
            one_of_two = len(rows) > 0 and len(rows[0]) == PAIR
            return _pairs(path, rows, people, group) if one_of_two else _galleries(path, rows, people, group)
        if "retrieval_lists" in held:
            return _retrieval(path, held["retrieval_lists"], people)
        if "list" in held:
            return _verification(path, held["list"], people, group)
        raise DataError(
            f"{path}: keys {', '.join(map(str, held))}; expected match_list, retrieval_lists or list."
        )


def _table(path: Path, rows: Sequence[Any], width: int, what: str) -> NDArray[Any]:
    """Rows as an object array (T, width); a row of another length is named."""
    if not len(rows):
        raise DataError(f"{path}: {what} is empty.")
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise DataError(f"{path}, row {number} of {what}: {len(row)} entries, expected {width}.")
    table = np.empty((len(rows), width), dtype=object)
    table[:] = [list(row) for row in rows]
    return table


def _pairs(path: Path, rows: Sequence[Any], people: People, group: Group) -> list[TrialList]:
    cells = _table(path, rows, PAIR, "match_list")
    sides = ((cells[:, 1], cells[:, [2, 5]]), (cells[:, 2], cells[:, [1, 4]]))
    return [
        build(path, "vfal_eva", "matching", probes, gallery, people, group=group) for probes, gallery in sides
    ]


def _galleries(path: Path, rows: Sequence[Any], people: People, group: Group) -> list[TrialList]:
    size = len(rows[0][0]) if len(rows) and len(rows[0]) == 2 else 0
    _table(path, rows, 2, "match_list")
    voices, faces = (_table(path, [row[side] for row in rows], size, "match_list") for side in (0, 1))
    sides = ((voices[:, 0], faces), (faces[:, 0], voices))
    return [
        build(path, "vfal_eva", "matching", probes, gallery, people, group=group) for probes, gallery in sides
    ]


def _verification(path: Path, rows: Sequence[Any], people: People, group: Group) -> list[TrialList]:
    cells = _table(path, rows, 3, "list")
    labels = np.array([str(label) for label in cells[:, 2]])
    wrong = np.flatnonzero(~np.isin(labels, ["0", "1"]))
    if wrong.size:
        raise DataError(f"{path}, row {wrong[0] + 1} of list: label {labels[wrong[0]]!r}, expected 0 or 1.")
    same = labels == "1"
    return [
        build(path, "vfal_eva", "verification", cells[:, 0], cells[:, 1:2], people, group=group, same=same)
    ]


def _retrieval(path: Path, groups: Sequence[Any], people: People) -> list[TrialList]:
    found = []
    for number, rows in enumerate(groups, start=1):
        cells = _table(path, rows, 3, f"retrieval_lists[{number - 1}]")
        for probes, gallery in ((cells[:, 0], cells[:, 1]), (cells[:, 1], cells[:, 0])):
            found.append(
                build(
                    path,
                    "vfal_eva",
                    "retrieval",
                    probes,
                    gallery[None],
                    people,
                    rows=np.arange(1, len(cells) + 1),
                    name=f"{path.name.removesuffix('.gz')}#{number}",
                )
            )
    return found
