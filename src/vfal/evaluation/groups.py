"""Groups of people within which trials are made: everybody, the same gender, the same nationality, ...

A group splits people into cells (women, men); a probe is compared with people of its own cell only.
`same_gender+same_nationality` asks for both.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.errors import DataError
from vfal.core.types import Group

Codes = NDArray[np.int64]

COLUMN_OF: Mapping[Group, str] = {
    "same_gender": "gender",
    "same_nationality": "nationality",
    "same_age": "age_band",
}
UNKNOWN = {"gender": "u", "nationality": "", "age_band": ""}


def cells(identities: pd.DataFrame, group: Group) -> Codes:
    """The cell (I,) of each row of the identities table, counted from 0; -1 where it is not known.

    `all` is one cell with everybody. Gender `u`, an empty nationality or age band and a missing value
    are unknown. A column that is not there is a `DataError`.
    """
    if group == "all":
        return np.zeros(len(identities), dtype=np.int64)
    columns = [column for one, column in COLUMN_OF.items() if one in group.split("+")]
    for column in columns:
        if column not in identities:
            raise DataError(
                f"group {group}: the identities table has no column '{column}'; found "
                f"{', '.join(identities.columns)}. Leave the group out, or bring the column with the corpus."
            )
    known = pd.Series(True, index=identities.index)
    for column in columns:
        known &= identities[column].notna() & (identities[column] != UNKNOWN[column])
    keys = (
        pd.MultiIndex.from_frame(identities[columns].astype(str)).to_flat_index()
        if len(columns) > 1
        else identities[columns[0]]
    )
    codes, _ = pd.factorize(pd.Series(keys, index=identities.index).where(known), sort=True)
    return codes.astype(np.int64)
