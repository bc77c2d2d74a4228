"""The table of people behind a list: ids, names, gender, nationality (vox1_meta.csv and its relatives)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from vfal.core.errors import DataError
from vfal.lists.paths import PathReader
from vfal.lists.text import read_lines

COLUMNS = {
    "voxceleb1 id": "identity",
    "voxceleb id": "identity",
    "identity": "identity",
    "vggface1 id": "name",
    "vggface id": "name",
    "name": "name",
    "gender": "gender",
    "nationality": "nationality",
    "age band": "age_band",
    "set": "set",
}
BESIDE = ("vox1_meta.csv", "vox1_meta.csv.gz")


@dataclass(frozen=True)
class People:
    """`table` has columns identity, name, gender, nationality (and age_band, if the file has it).

    `owner_of` says whose items are by their key, for a corpus whose paths do not tell.
    """

    table: pd.DataFrame
    source: str
    id_of: dict[str, str] = field(default_factory=dict)
    owner_of: dict[str, str] = field(default_factory=dict)

    @cached_property
    def reader(self) -> PathReader:
        """Reads paths with these people's names."""
        return PathReader(self.id_of, self.owner_of)

    @property
    def known(self) -> bool:
        """Whether anything is known about anybody."""
        return not self.table.empty

    def of(self, persons: Iterable[str], column: str) -> pd.Series:
        """A column's value for each person; empty for those who are not in the table."""
        if column not in self.table:
            return pd.Series("", index=pd.Index(list(persons)), dtype="str")
        values = self.table.drop_duplicates("identity").set_index("identity")[column]
        return values.reindex(list(persons)).fillna("")


NOBODY = People(pd.DataFrame(columns=["identity", "name", "gender", "nationality"]), "")


def read_people(paths: Iterable[Path]) -> People:
    """People of one or more tables (tab or comma; cells are stripped).

    Raises `DataError` when a column is missing or two rows contradict each other.
    """
    paths = list(paths)
    if not paths:
        return NOBODY
    table = pd.concat([_read(path) for path in paths], ignore_index=True).drop_duplicates(
        ["identity", "name"], ignore_index=True
    )
    source = ", ".join(str(path) for path in paths)
    for column in ("identity", "name"):
        twice = table.loc[table[column].duplicated(), column]
        if len(twice):
            raise DataError(f"{source}: {column} '{twice.iloc[0]}' stands in two rows that differ.")
    id_of = dict(zip(table["name"], table["identity"], strict=True))
    return People(table, source, id_of)


def people_beside(lists: Iterable[Path]) -> list[Path]:
    """vox1_meta.csv in a list's folder or the one above, if there is one."""
    for path in lists:
        for folder in (path.resolve().parent, path.resolve().parent.parent):
            for name in BESIDE:
                if (folder / name).is_file():
                    return [folder / name]
    return []


def _read(path: Path) -> pd.DataFrame:
    lines = read_lines(path).lines
    separator = "\t" if "\t" in lines[0] else ","
    header = [" ".join(cell.replace("_", " ").split()).lower() for cell in lines[0].split(separator)]
    names = [COLUMNS.get(cell, cell) for cell in header]
    missing = [column for column in ("identity", "name", "gender") if column not in names]
    if missing:
        raise DataError(
            f"{path}: no column for {', '.join(missing)}; found {lines[0]!r}. Expected a table like "
            "vox1_meta.csv (VoxCeleb1 ID, VGGFace1 ID, Gender, Nationality, Set)."
        )
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        cells = [cell.strip() for cell in line.split(separator)]
        if len(cells) != len(names):
            raise DataError(f"{path}, row {number}: {len(cells)} columns, expected {len(names)}: {line!r}.")
        rows.append(cells)
    table = pd.DataFrame(rows, columns=names, dtype="str")
    if "nationality" not in table:
        table["nationality"] = ""
    return table
