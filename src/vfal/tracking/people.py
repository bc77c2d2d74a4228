"""Who a model was made with: every identity of its corpus, with the split it was in."""

from pathlib import Path

import pandas as pd

from vfal.core.paths import PREPARED, RAW
from vfal.core.tables import read_table
from vfal.core.types import LEFT_OUT

PEOPLE = "identities.parquet"  # within a registered model
COLUMNS = ("identity", "split")


def people_of(folder: Path) -> pd.DataFrame:
    """identity and split of everybody in the checkout `folder`; `left_out` of those in no split."""
    taken = read_table(folder / PREPARED / "identities.parquet", COLUMNS)[list(COLUMNS)]
    known = folder / RAW / "identities.parquet"
    if not known.exists():
        return taken
    others = set(read_table(known, COLUMNS[:1])["identity"]) - set(taken["identity"])
    left_out = pd.DataFrame({"identity": sorted(others), "split": LEFT_OUT})
    return pd.concat([taken, left_out], ignore_index=True)
