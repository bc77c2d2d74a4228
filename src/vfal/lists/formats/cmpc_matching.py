"""Matching lists of CMPC: named csv, separated by spaces, without a header; the right candidate first."""

from pathlib import Path
from typing import ClassVar

from vfal.core.types import Group
from vfal.lists.format import Format
from vfal.lists.paths import kinds_of
from vfal.lists.people import People
from vfal.lists.text import columns_of, read_lines
from vfal.lists.trial_list import TrialList, build, group_of

WIDTHS = tuple(range(3, 12))
GROUPS: tuple[tuple[str, Group], ...] = (
    ("_GN.", "same_gender+same_nationality"),
    ("_G.", "same_gender"),
    ("_N.", "same_nationality"),
)


class CmpcMatching(Format):
    """`matching_v2f_U.csv`: `id10002/<video>/00004.wav Name/1.6/<video>/0000350.jpg Other/1.6/...jpg`."""

    title: ClassVar = "CMPC matching"
    source: ClassVar = "Cocoxili/CMPC, data/matching"

    def recognises(self, head: list[str]) -> bool:
        """As an SSoS matching list, with faces in the folders of videos."""
        kinds = kinds_of(head[0].split(" "))
        several = len(kinds) in WIDTHS and "" not in kinds and kinds[0] not in kinds[1:]
        return several and "/1.6/" in head[0]

    def read(self, path: Path, people: People) -> list[TrialList]:
        """One list; U, G, N or GN stands at the end of its name."""
        text = read_lines(path)
        cells = columns_of(text, " ", WIDTHS)
        group = group_of(text.name, GROUPS)
        return [build(path, "cmpc_matching", "matching", cells[:, 0], cells[:, 1:], people, group=group)]
