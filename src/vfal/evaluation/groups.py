"""Groups of people within which trials are made: everybody, the same gender, the same nationality.

A group splits people into cells (women, men); a probe is compared with people of its own cell only.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.types import Group

Codes = NDArray[np.int64]

COLUMN_OF: Mapping[Group, str] = {"same_gender": "gender", "same_nationality": "nationality"}
UNKNOWN = {"gender": "u", "nationality": ""}


def cells(identities: pd.DataFrame, group: Group) -> Codes:
    """The cell (I,) of each row of the identities table, counted from 0; -1 where it is not known.

    `all` is one cell with everybody. Gender `u`, an empty nationality and a missing value are unknown.
    """
    if group == "all":
        return np.zeros(len(identities), dtype=np.int64)
    column = COLUMN_OF[group]
    values = identities[column]
    codes, _ = pd.factorize(values.where(values != UNKNOWN[column]), sort=True)
    return codes.astype(np.int64)
