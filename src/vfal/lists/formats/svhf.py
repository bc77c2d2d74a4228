"""Three-way lists in the manner of SVHF: probe, two candidates, and which of them is right."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from vfal.core.errors import DataError
from vfal.lists.format import Format
from vfal.lists.paths import kinds_of
from vfal.lists.people import People
from vfal.lists.text import columns_of, read_lines
from vfal.lists.trial_list import TrialList, build


class Svhf(Format):
    """`test_V2F_8vox1_label50.txt`: `probe candidate candidate label`; a class number may stand before it."""

    title: ClassVar = "SVHF three-way with label"
    source: ClassVar = "w1018979952/ACIENet and DSANet (AML family)"

    def recognises(self, head: list[str]) -> bool:
        """A probe, two or more candidates of the other kind, and one or two numbers."""
        cells = head[0].split(" ")
        kinds = [kind for kind in kinds_of(cells) if kind]
        numbers = cells[len(kinds) :]
        return (
            len(kinds) >= 3
            and kinds[0] not in kinds[1:]
            and len(numbers) in (1, 2)
            and all(number.isdecimal() for number in numbers)
        )

    def read(self, path: Path, people: People) -> list[TrialList]:
        """One list, its candidates put in order with the right one first."""
        text = read_lines(path)
        width = text.lines[0].count(" ") + 1
        cells = columns_of(text, " ", max(width, 4))
        candidates = [column for column in range(1, width) if kinds_of([cells[0, column]])[0]]
        size = len(candidates)
        label = cells[:, -1]
        wrong = np.flatnonzero(~np.isin(label, [str(place) for place in range(size)]))
        if wrong.size:
            raise DataError(
                f"{path}, row {wrong[0] + 1}: label {label[wrong[0]]!r}, expected the place of the right "
                f"candidate, 0 to {size - 1}."
            )
        right = label.astype(np.int64)
        order = np.argsort(np.arange(size)[None] != right[:, None], axis=1, kind="stable")
        gallery = np.take_along_axis(cells[:, 1 : 1 + size], order, axis=1)
        return [build(path, "svhf", "matching", cells[:, 0], gallery, people)]
