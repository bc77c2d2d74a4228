"""The people and items that lists are drawn for: from lists and files of paths, or from a prepared corpus."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from vfal.core.errors import DataError
from vfal.core.seeding import generator
from vfal.core.tables import CLIP_COLUMNS, FACE_COLUMNS, IDENTITY_COLUMNS, read_table
from vfal.core.types import GALLERY_OF, PROBE_OF, Direction, Group, Modality
from vfal.data.trials import Side, other_people
from vfal.evaluation.groups import cells
from vfal.lists.formats import read_list, recognise
from vfal.lists.paths import kinds_of
from vfal.lists.people import People
from vfal.lists.text import read_lines
from vfal.metrics import Floats, Integers

COLUMNS = ["person", "modality", "video", "path"]
SEPARATORS = {" ": "blank", "\t": "tab", ",": "comma"}


@dataclass(frozen=True)
class Crowd:
    """`people` has columns identity, gender, nationality, by identity; `items` person, modality, video, path.

    Items are sorted by person and numbered by their row. Only people with items in both modalities ask or
    are asked for.
    """

    people: pd.DataFrame
    items: pd.DataFrame
    seed: int

    @cached_property
    def sides(self) -> dict[Modality, Side]:
        """The items of each modality, by person."""
        places = pd.Index(self.people["identity"]).get_indexer(self.items["person"]).astype(np.int64)
        modality = self.items["modality"].to_numpy(dtype=object)
        rows: dict[Modality, Integers] = {
            "voice": np.flatnonzero(modality == "voice"),
            "face": np.flatnonzero(modality == "face"),
        }
        return {kind: Side(chosen, places[chosen], len(self.people)) for kind, chosen in rows.items()}

    @property
    def complete(self) -> np.ndarray:
        """Who (I,) has items in both modalities."""
        return np.asarray((self.sides["voice"].counts_I > 0) & (self.sides["face"].counts_I > 0))

    def asking(self, direction: Direction) -> Side:
        """The items that ask."""
        return self.sides[PROBE_OF[direction]]

    def asked(self, direction: Direction) -> Side:
        """The items that are asked for."""
        return self.sides[GALLERY_OF[direction]]

    def others(
        self, people_T: Integers, weights_I: Floats, group: Group, many: int, rng: np.random.Generator
    ) -> Integers:
        """`many` other people (T, many) of each one's cell, in proportion to weight; -1: too few."""
        return other_people(people_T, weights_I * self.complete, cells(self.people, group), many, rng)

    def members(self, group: Group) -> Integers:
        """Those who have items in both modalities and somebody else of their cell."""
        able = np.flatnonzero(self.complete & (cells(self.people, group) >= 0))
        ones = np.ones(len(self.people))
        found = self.others(able, ones, group, 1, self.draws("members", group))[:, 0] >= 0
        return np.asarray(able[found])

    def draws(self, *names: str) -> np.random.Generator:
        """The random numbers of one list."""
        return generator(self.seed, "lists", *names)

    def column(self, name: str, numbers: Integers) -> np.ndarray:
        """What the items of those numbers have in a column, in their shape."""
        return np.asarray(self.items[name].to_numpy(dtype=object)[numbers])


def rows_of(columns: Sequence[np.ndarray], separator: str) -> list[str]:
    """Columns (T,) as rows of text; a cell that holds the separator is a `DataError`."""
    for column in columns:
        for cell in map(str, column):
            if separator in cell:
                raise DataError(
                    f"{cell!r} holds a {SEPARATORS[separator]}, which separates the columns of this list; "
                    "expected a path without one."
                )
    return [separator.join(map(str, row)) for row in zip(*columns, strict=True)]


def items_of(files: Iterable[Path], people: People) -> list[str]:
    """The paths of all items of some lists, or of plain files with one path per row; each once."""
    paths: dict[str, None] = {}
    for file in files:
        text = read_lines(file)
        if all(kind for kind in kinds_of(text.lines)) and not any(
            " " in line.strip() for line in text.lines[:5]
        ):
            paths |= dict.fromkeys(line.strip() for line in text.lines)
            continue
        for one in read_list(file, people, recognise(file)):
            for items in (one.probes, one.gallery):
                paths |= dict.fromkeys(items.table["path"])
    return list(paths)


def crowd_of_paths(paths: Sequence[str], people: People, seed: int) -> Crowd:
    """The crowd that paths tell of. Raises `DataError` for paths that do not tell whose they are."""
    items = people.reader.table(paths).assign(path=list(paths))
    nameless = items[(items["person"] == "") | (items["modality"] == "")]
    if len(nameless):
        raise DataError(
            f"{nameless['path'].iloc[0]!r} does not tell its person and kind (docs/protocols.md has the "
            f"layouts); {len(nameless)} of {len(items)} paths are like it."
        )
    items = items.sort_values(["person", "key"], ignore_index=True)
    persons = items["person"].unique().tolist()
    facts = {
        column: people.of(persons, column).to_numpy(dtype=object) for column in ("gender", "nationality")
    }
    table = pd.DataFrame({"identity": persons, **facts})
    return Crowd(table.assign(gender=table["gender"].replace("", "u")), items[COLUMNS], seed)


def crowd_of_corpus(folder: Path, split: str, seed: int) -> Crowd:
    """The readable items of one split of a prepared corpus (its tables of identities, clips and faces)."""
    people = read_table(folder / "identities.parquet", [*IDENTITY_COLUMNS, "split"])
    chosen = people[people["split"] == split].sort_values("identity", ignore_index=True)
    if chosen.empty:
        raise DataError(
            f"{folder}: nobody is in split {split!r}; found {', '.join(sorted(people['split'].unique()))}."
        )
    parts = []
    for modality, name, columns in (("voice", "clips", CLIP_COLUMNS), ("face", "faces", FACE_COLUMNS)):
        table = read_table(folder / f"{name}.parquet", columns)
        table = table[table["problem"].eq("") & table["identity"].isin(chosen["identity"])]
        video = table["video"].fillna("") if "video" in table else ""
        parts.append(table.assign(person=table["identity"], modality=modality, video=video)[COLUMNS])
    items = pd.concat(parts).sort_values(["person", "modality", "path"], ignore_index=True)
    return Crowd(chosen, items, seed)
