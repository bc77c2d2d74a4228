"""Matching lists of Seeking the Shape of Sound: probe, right candidate, wrong ones; separated by spaces."""

from pathlib import Path
from typing import ClassVar

from vfal.core.types import Group
from vfal.lists.format import Format
from vfal.lists.paths import kinds_of
from vfal.lists.people import People
from vfal.lists.text import columns_of, read_lines
from vfal.lists.trial_list import TrialList, build

WIDTHS = tuple(range(3, 12))  # a probe and 2 to 10 candidates


class SsosMatch(Format):
    """`match_v2f_2_test.txt`: `id10117/<video>/00001.wav CCH_Pounder/00000657.jpg Other/00000786.jpg`."""

    title: ClassVar = "SSoS matching"
    source: ClassVar = "KID-7391/seeking-the-shape-of-sound, data/list_wav"

    def recognises(self, head: list[str]) -> bool:
        """Three or more paths per row, all but the first of one kind, none within a video's folder."""
        kinds = kinds_of(head[0].split(" "))
        return (
            len(kinds) in WIDTHS
            and "" not in kinds
            and kinds[0] not in kinds[1:]
            and "/1.6/" not in head[0]
            and len(set(kinds[1:])) == 1
        )

    def read(self, path: Path, people: People) -> list[TrialList]:
        """One list; G lists have `_g_` in their name."""
        text = read_lines(path)
        cells = columns_of(text, " ", WIDTHS)
        group: Group = "same_gender" if "_g_" in text.name else "all"
        return [build(path, "ssos_match", "matching", cells[:, 0], cells[:, 1:], people, group=group)]
