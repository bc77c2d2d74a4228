"""A trial list in one form, whatever format it came in: who asks, who is asked for, and what is right."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.errors import DataError
from vfal.core.types import GALLERY_OF, PROBE_OF, Direction, Group, Modality
from vfal.lists.paths import KIND_OF
from vfal.lists.people import People
from vfal.metrics import Flags, Integers

Protocol = Literal["matching", "verification", "retrieval"]
Cells = NDArray[Any]


@dataclass(frozen=True)
class ListItems:
    """The distinct items of one modality: `table` has columns key, person, video, path, row (of the list)."""

    modality: Modality
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)


@dataclass(frozen=True, eq=False)
class TrialList:
    """Questions of one list in one direction, as rows of its items.

    matching: `gallery_TK` holds the candidates, the right one first. verification: K is 1. retrieval:
    `probes_T` asks for the order of `gallery_TK[0]`, one row for all. `same_T` is what the list says of
    each verification trial, None where it says nothing (then equal persons are the same). `rows_T` is
    the row of the file that a trial comes from.
    """

    name: str
    source: Path
    format: str
    protocol: Protocol
    direction: Direction
    group: Group
    items: dict[Modality, ListItems]
    probes_T: Integers
    gallery_TK: Integers
    rows_T: Integers
    same_T: Flags | None = None

    @property
    def probes(self) -> ListItems:
        """The items that ask."""
        return self.items[PROBE_OF[self.direction]]

    @property
    def gallery(self) -> ListItems:
        """The items that are asked for."""
        return self.items[GALLERY_OF[self.direction]]

    def persons(self, people: People) -> tuple[Integers, Integers] | None:
        """Codes of the persons of probe items and gallery items, comparable with each other.

        None where paths do not tell persons, or tell ids on one side and names on the other and the
        table of people that joins them is not there.
        """
        sides = [items.table["person"] for items in (self.probes, self.gallery)]
        if any((side == "").any() for side in sides):
            return None
        if not people.known:
            styles = [bool(side.str.fullmatch(r"id\d{5}").all()) for side in sides]
            if styles[0] != styles[1]:
                return None
        codes, _ = pd.factorize(pd.concat(sides))
        return codes[: len(sides[0])].astype(np.int64), codes[len(sides[0]) :].astype(np.int64)

    def labels(self, people: People) -> Flags:
        """Whether each verification trial is of one person: the list's label, else equal persons.

        Raises `DataError` when neither is to be had.
        """
        if self.same_T is not None:
            return self.same_T
        codes = self.persons(people)
        if codes is None:
            raise DataError(
                f"{self.source}: no label column, and voices are named by id, faces by name. Give the table "
                "that joins them: --meta vox1_meta.csv."
            )
        return np.asarray(codes[0][self.probes_T] == codes[1][self.gallery_TK[:, 0]])


def build(
    source: Path,
    format_name: str,
    protocol: Protocol,
    probes: Cells,
    gallery: Cells,
    people: People,
    *,
    group: Group = "all",
    same: Flags | None = None,
    rows: Integers | None = None,
    name: str = "",
) -> TrialList:
    """A list from its paths: probes (T,), gallery (T, K), or (1, M) for retrieval.

    The direction follows from what the first probe is. Raises `DataError` that names the row of a path
    of the wrong kind.
    """
    rows = np.arange(1, len(probes) + 1) if rows is None else rows
    gallery_rows = np.repeat(rows[: len(gallery)], gallery.shape[1])
    probe_items, probes_T = _items(source, probes, rows, people)
    gallery_items, codes = _items(source, gallery.ravel(), gallery_rows, people)
    if probe_items.modality == gallery_items.modality:
        raise DataError(
            f"{source}, row {rows[0]}: both sides are {probe_items.modality} files ({probes[0]!r}, "
            f"{gallery.ravel()[0]!r}); expected a voice and a face."
        )
    direction: Direction = "v2f" if probe_items.modality == "voice" else "f2v"
    return TrialList(
        name=name or source.name.removesuffix(".gz"),
        source=source,
        format=format_name,
        protocol=protocol,
        direction=direction,
        group=group,
        items={probe_items.modality: probe_items, gallery_items.modality: gallery_items},
        probes_T=probes_T,
        gallery_TK=codes.reshape(gallery.shape),
        rows_T=rows,
        same_T=same,
    )


def _items(source: Path, paths: Cells, rows: Integers, people: People) -> tuple[ListItems, Integers]:
    """The distinct items of some paths, and which of them each path is."""
    raw_codes, distinct = pd.factorize(paths)
    first = np.full(len(distinct), -1, dtype=np.int64)
    first[raw_codes[::-1]] = rows[::-1]
    table = people.reader.table(distinct.tolist()).assign(path=distinct, row=first)
    modality = _one_modality(source, table)
    key_codes, keys = pd.factorize(table["key"])
    if len(keys) < len(table):  # the same file spelled in two ways
        table = table.drop_duplicates("key", ignore_index=True)
    return ListItems(modality, table), key_codes[raw_codes].astype(np.int64)


def _one_modality(source: Path, table: pd.DataFrame) -> Modality:
    found = table["modality"]
    stranger = table[found == ""]
    if len(stranger):
        worst = stranger.iloc[0]
        raise DataError(
            f"{source}, row {worst['row']}: {worst['path']!r} is neither a voice nor a face file; expected a "
            f"path that ends in {', '.join(KIND_OF)}. {len(stranger)} paths are like it."
        )
    other = table[found != found.iloc[0]]
    if len(other):
        worst = other.iloc[0]
        raise DataError(
            f"{source}, row {worst['row']}: {worst['path']!r} stands in a column of {found.iloc[0]} files."
        )
    return "voice" if found.iloc[0] == "voice" else "face"


def group_of(name: str, table: Sequence[tuple[str, Group]]) -> Group:
    """The group that a file's name stands for: the first of `table` whose part is in the name, else all."""
    return next((group for part, group in table if part in name), "all")
