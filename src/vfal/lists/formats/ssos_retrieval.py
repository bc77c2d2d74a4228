"""Retrieval lists of Seeking the Shape of Sound: a line of queries and a line of gallery items."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from vfal.core.errors import DataError
from vfal.lists.format import Format
from vfal.lists.paths import kinds_of
from vfal.lists.people import People
from vfal.lists.text import read_lines
from vfal.lists.trial_list import TrialList, build


class SsosRetrieval(Format):
    """`reterival_v2f_test.txt` (spelled so): all queries in line 1, the whole gallery in line 2."""

    title: ClassVar = "SSoS retrieval"
    source: ClassVar = "KID-7391/seeking-the-shape-of-sound, data/list_wav"

    def recognises(self, head: list[str]) -> bool:
        """Two lines, each of paths of one kind."""
        if len(head) != 2:
            return False
        kinds = [set(kinds_of(line.split(" ")[:20])) for line in head]
        return all(len(kind) == 1 and "" not in kind for kind in kinds) and kinds[0] != kinds[1]

    def read(self, path: Path, people: People) -> list[TrialList]:
        """One list."""
        text = read_lines(path)
        if len(text.lines) != 2:
            raise DataError(f"{path}: {len(text.lines)} lines, expected 2 (queries, gallery).")
        sides = [np.array(line.split(), dtype=object) for line in text.lines]
        for row, side in enumerate(sides, start=1):
            if len(set(side.tolist())) < len(side):
                raise DataError(
                    f"{path}, row {row}: a path stands twice; a query or gallery item must be there once."
                )
        rows = np.ones(len(sides[0]), dtype=np.int64)
        found = build(path, "ssos_retrieval", "retrieval", sides[0], sides[1][None], people, rows=rows)
        return [found]
