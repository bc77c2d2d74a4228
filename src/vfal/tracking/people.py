"""Who a model was made with: every identity of its corpus, with the split it was in."""

from typing import Any

import pandas as pd

from vfal.core.errors import DataError
from vfal.core.paths import PREPARED, RAW
from vfal.core.tables import read_table
from vfal.core.types import LEFT_OUT
from vfal.tracking.provenance import read_lock

PEOPLE = "identities.parquet"  # within a registered model
COLUMNS = ("identity", "split")


def people_of_checkout() -> pd.DataFrame:
    """identity and split of everybody the trained model of this checkout was made with.

    `left_out` stands for the split of people in none. Splits that were drawn anew since the model was
    trained are a `DataError`: they would tell of people it has seen that it has not.
    """
    stages = read_lock()
    drawn, used = _md5(stages, "prepare", "outs"), _md5(stages, "retrain", "deps")
    if drawn and used and drawn != used:
        raise DataError(f"{PREPARED}: newer than the trained model. Run `vfal repro`.")
    taken = read_table(PREPARED / "identities.parquet", COLUMNS)[list(COLUMNS)]
    known = RAW / "identities.parquet"
    if not known.exists():
        return taken
    others = set(read_table(known, COLUMNS[:1])["identity"]) - set(taken["identity"])
    left_out = pd.DataFrame({"identity": sorted(others), "split": LEFT_OUT})
    return pd.concat([taken, left_out], ignore_index=True)


def _md5(stages: dict[str, Any], stage: str, side: str) -> str | None:
    """What dvc.lock says of the prepared data as an output or input of a stage."""
    entries = stages.get(stage, {}).get(side, [])
    return next((entry.get("md5") for entry in entries if entry["path"] == PREPARED.as_posix()), None)
