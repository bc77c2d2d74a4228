"""Verification lists of Seeking the Shape of Sound: two paths per row and no label."""

from pathlib import Path
from typing import ClassVar

from vfal.core.types import Group
from vfal.lists.format import Format
from vfal.lists.paths import kinds_of
from vfal.lists.people import People
from vfal.lists.text import columns_of, read_lines
from vfal.lists.trial_list import TrialList, build


class SsosVerify(Format):
    """`verify_v2f_test.txt`: `id10117/<video>/00001.wav CCH_Pounder/00000657.jpg`; one person or two."""

    title: ClassVar = "SSoS verification"
    source: ClassVar = "KID-7391/seeking-the-shape-of-sound, data/list_wav"

    def recognises(self, head: list[str]) -> bool:
        """Two paths of different kinds per row."""
        return set(kinds_of(head[0].split(" "))) == {"voice", "face"} and head[0].count(" ") == 1

    def read(self, path: Path, people: People) -> list[TrialList]:
        """One list; labels are made of the paths' persons."""
        text = read_lines(path)
        cells = columns_of(text, " ", 2)
        group: Group = "same_gender" if "_g_" in text.name else "all"
        return [build(path, "ssos_verify", "verification", cells[:, 0], cells[:, 1:], people, group=group)]
