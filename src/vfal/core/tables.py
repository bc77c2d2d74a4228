"""The parquet tables that rooms hand to each other: their columns, and reading and writing them.

| table | one row per | columns |
|---|---|---|
| identities | person | identity, name, gender (m, f or u), nationality, split |
| clips | voice clip | clip, identity, video, path, duration_s, sample_rate_hz, bytes, sha256, problem |
| faces | face image | face, identity, path, width_px, height_px, bytes, sha256, problem |

A corpus may know more: `set` of a person (what its own table says), `video` of a face, `language` of
either. `video` names one video whoever is in it.

`clip` and `face` are numbers that name an item for good; `path` is relative to the corpus root;
`problem` is empty, or says why the file's header could not be read (its measures are then missing).
`split` is pretrain, train, val or test, and absent before `prepare`.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from vfal.core.errors import DataError
from vfal.core.files import whole_file

IDENTITY_COLUMNS = ("identity", "name", "gender", "nationality")
CLIP_COLUMNS = (
    "clip", "identity", "video", "path", "duration_s", "sample_rate_hz", "bytes", "sha256", "problem",
)  # fmt: skip
FACE_COLUMNS = ("face", "identity", "path", "width_px", "height_px", "bytes", "sha256", "problem")


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as parquet, whole or not at all; the index is not kept."""
    with whole_file(path) as partial:
        table.to_parquet(partial, index=False)


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a parquet table and insist on `columns` (more may be there)."""
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError:
        raise DataError(f"{path}: no such table. Run the stage that makes it.") from None
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: not a readable parquet file ({error}). Delete it and run its stage again."
        ) from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DataError(f"{path}: column(s) {', '.join(missing)} missing; found {', '.join(table.columns)}.")
    return table
