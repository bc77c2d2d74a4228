"""The two lists beside params.yaml: people who have withdrawn, and the splits that people keep.

withdrawn.csv   identity, date, reason   written by `vfal forget`, read by `collect`
splits.csv      identity, split          written for a retraining, read by `prepare`; as a rule empty
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from vfal.core.errors import DataError
from vfal.core.files import write_text
from vfal.core.types import LEFT_OUT, SPLITS

WITHDRAWN_COLUMNS, SPLITS_COLUMNS = ("identity", "date", "reason"), ("identity", "split")


def read_withdrawn(path: Path) -> pd.DataFrame:
    """identity, date, reason of everybody who has withdrawn; nobody when the file is not there."""
    return _read(path, WITHDRAWN_COLUMNS)


def read_splits(path: Path) -> dict[str, str]:
    """The split each person keeps (`left_out` among them); nobody keeps one when the file is not there."""
    table = _read(path, SPLITS_COLUMNS)
    known = (*SPLITS, LEFT_OUT)
    for name, split in zip(table["identity"], table["split"], strict=True):
        if split not in known:
            raise DataError(f"{path}: identity {name} has split '{split}'; expected {', '.join(known)}.")
    return dict(zip(table["identity"], table["split"], strict=True))


def write_list(path: Path, table: pd.DataFrame) -> None:
    """Write either list, sorted by identity, whole or not at all."""
    write_text(path, table.sort_values("identity").to_csv(index=False))


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    if not path.exists():
        return pd.DataFrame(columns=list(columns), dtype="str")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a table of {', '.join(columns)} ({error}).") from None
    if list(table.columns) != list(columns):
        raise DataError(f"{path}: found columns {', '.join(table.columns)}; expected {', '.join(columns)}.")
    table["identity"] = table["identity"].str.strip()
    if (table["identity"] == "").any():
        raise DataError(f"{path}: a row without an identity. Complete it or remove it.")
    if len(twice := table.loc[table["identity"].duplicated(), "identity"]):
        raise DataError(f"{path}: identity {twice.iloc[0]} is listed twice.")
    return table
