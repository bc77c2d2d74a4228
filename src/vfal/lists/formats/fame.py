"""Lists of the FAME challenge (MAV-Celeb): a key, a voice and a face, with or without the truth."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from vfal.core.errors import DataError
from vfal.lists.format import Format
from vfal.lists.paths import kinds_of
from vfal.lists.people import People
from vfal.lists.text import columns_of, read_lines
from vfal.lists.trial_list import TrialList, build


class Fame(Format):
    """`English_test.txt`: `key voices/English/00000.wav faces/English/00000.jpg`; maybe a label second."""

    title: ClassVar = "FAME trials"
    source: ClassVar = "mavceleb/mavceleb_baseline, README"

    def recognises(self, head: list[str]) -> bool:
        """A key that is no path, perhaps a label, a voice and a face."""
        kinds = kinds_of(head[0].split(" "))
        return kinds in (["", "voice", "face"], ["", "", "voice", "face"])

    def read(self, path: Path, people: People) -> list[TrialList]:
        """One list; without truth it can be answered (`vfal submit-fame`) but not scored."""
        text = read_lines(path)
        cells = columns_of(text, " ", (3, 4))
        same = None
        if cells.shape[1] == 4:
            wrong = np.flatnonzero((cells[:, 1] != "0") & (cells[:, 1] != "1"))
            if wrong.size:
                raise DataError(f"{path}, row {wrong[0] + 1}: label {cells[wrong[0], 1]!r}, expected 0 or 1.")
            same = cells[:, 1] == "1"
        return [build(path, "fame", "verification", cells[:, -2], cells[:, -1:], people, same=same)]


def trial_keys(path: Path) -> list[str]:
    """The key of each row, in the order of the file."""
    keys: list[str] = columns_of(read_lines(path), " ", (3, 4))[:, 0].tolist()
    seen: set[str] = set()
    for row, key in enumerate(keys, start=1):
        if key in seen:
            raise DataError(f"{path}, row {row}: key {key!r} stands twice.")
        seen.add(key)
    return keys
