"""Learnable PINs, unseen and unheard: every clip once, positives and negatives by turns."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from vfal.core.types import Group
from vfal.lists.crowd import Crowd, rows_of
from vfal.lists.formats.pins_verification import HEADER
from vfal.lists.recipe import Recipe


class Pins(Recipe):
    """`veriflist_test_random_unseenunheard`; age bands are in no public table, so A and GNA are not drawn."""

    rule: ClassVar = (
        "pins: every clip of those who have a partner once, labels 1, 0, 1, 0, ..., wrong identities in "
        "proportion to their faces"
    )
    marks: ClassVar[Mapping[Group, str]] = {
        "all": "random",
        "same_gender": "G",
        "same_nationality": "N",
    }
    usual: ClassVar = ("all", "same_gender", "same_nationality")

    def draw(
        self, crowd: Crowd, groups: tuple[Group, ...], candidates: int, tag: str
    ) -> Iterator[tuple[str, list[str]]]:
        """One list per group. Labels alternate in each, also where people without a partner are left out."""
        voices, faces = crowd.sides["voice"], crowd.sides["face"]
        for group in groups:
            rng = crowd.draws("pins", group)
            asks = np.isin(voices.people_N, crowd.members(group))
            clips_T, people_T = voices.numbers_N[asks], voices.people_N[asks]
            others_T = crowd.others(people_T, faces.counts_I.astype(np.float64), group, 1, rng)[:, 0]
            same_T = np.arange(len(clips_T)) % 2 == 0
            shown_T = np.where(same_T, people_T, others_T)
            columns = [
                np.arange(1, len(clips_T) + 1),
                people_T + 1,
                shown_T + 1,
                same_T.astype(np.int64),
                crowd.column("path", clips_T),
                crowd.column("path", faces.one_of(shown_T, rng)),
            ]
            name = f"veriflist_{tag}_{self.marks[group]}_unseenunheard"
            yield name, [HEADER, *rows_of(columns, ",")] if len(clips_T) else []
