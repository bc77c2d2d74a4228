"""Verification lists of Learnable PINs (also of CMPC, FOP, SBNet): a csv with speaker ranks and labels."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from vfal.core.errors import DataError
from vfal.core.types import Group
from vfal.lists.format import Format
from vfal.lists.people import People
from vfal.lists.text import columns_of, read_lines
from vfal.lists.trial_list import TrialList, build, group_of

HEADER = "id,voice-speaker-id,face-speaker-id,label,voice-path,face-path"
GROUPS: tuple[tuple[str, Group], ...] = (
    ("_GNA_", "same_gender+same_nationality+same_age"),
    ("_G_", "same_gender"),
    ("_N_", "same_nationality"),
    ("_A_", "same_age"),
)


class PinsVerification(Format):
    """`veriflist_test_random_unseenunheard.txt`; paths in the names of old VoxCeleb releases."""

    title: ClassVar = "PINs verification"
    source: ClassVar = "Cocoxili/CMPC, data/veriflist (from VGG, Learnable PINs)"

    def recognises(self, head: list[str]) -> bool:
        """The header."""
        return head[0] == HEADER

    def read(self, path: Path, people: People) -> list[TrialList]:
        """One list, with its labels."""
        text = read_lines(path)
        if text.lines[0] != HEADER:
            raise DataError(f"{path}, row 1: {text.lines[0]!r}, expected the header {HEADER!r}.")
        cells = columns_of(text, ",", 6, skip=1)
        label = cells[:, 3]
        wrong = np.flatnonzero((label != "0") & (label != "1"))
        if wrong.size:
            raise DataError(f"{path}, row {wrong[0] + 2}: label {label[wrong[0]]!r}, expected 0 or 1.")
        return [
            build(
                path,
                "pins_verification",
                "verification",
                cells[:, 4],
                cells[:, 5:],
                people,
                group=group_of(text.name, GROUPS),
                same=label == "1",
                rows=np.arange(2, len(cells) + 2),
            )
        ]
