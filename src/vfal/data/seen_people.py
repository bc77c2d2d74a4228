"""Who is in a table of people that published weights were trained on, whatever its form.

Understood are vox1_meta.csv, vox2_meta.csv, identity_meta.csv, the csv of a split of Seeking the Shape of
Sound (rows with Set none were not used), identity_splits.txt of Learnable PINs (only part 1 trains), and
plain text with a name per line.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from vfal.core.errors import DataError
from vfal.data.people_tables import read_table, read_text, read_vgg2

NAMES = ("Name", "VGGFace1 ID", "VGGFace1_ID", "name")
IDENTITIES = ("VoxCeleb1 ID", "VoxCeleb1_ID", "VoxCeleb2 ID", "identity")
PINS_LINE = re.compile(r"(\S+) ([124])\s*")


@dataclass(frozen=True)
class Seen:
    """Names as they are written, and identities."""

    names: pd.Series
    identities: frozenset[str]


def read_seen(path: Path) -> Seen:
    """The people of such a table; an empty one is a `DataError`."""
    text = read_text(path)
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise DataError(f"{path}: names nobody (validate.seen_by).")
    if lines[0].startswith(("n0", "Class_ID")):
        return Seen(read_vgg2(path)["name"], frozenset())
    if {cell.strip() for cell in re.split("[,\t]", lines[0])} & {*NAMES, *IDENTITIES}:
        return _of_table(path)
    parts = [PINS_LINE.fullmatch(line) for line in lines]
    if all(parts):
        lines = [part[1] for part in parts if part and part[2] == "1"]
    return Seen(pd.Series(lines, dtype="str").str.strip(), frozenset())


def _of_table(path: Path) -> Seen:
    table = read_table(path)
    if "Set" in table:
        table = table[table["Set"] != "none"]
    names = next((table[column] for column in NAMES if column in table), pd.Series([], dtype="str"))
    identities = next((table[column].tolist() for column in IDENTITIES if column in table), [])
    return Seen(names, frozenset(identities))
