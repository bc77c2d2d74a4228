"""Identity-disjoint splits drawn by a seed."""

import pandas as pd

from vfal.core.config.machine import IdentityCounts
from vfal.core.errors import ConfigError
from vfal.core.seeding import derive_seed
from vfal.core.types import SPLITS


def split_identities(identities: pd.DataFrame, counts: IdentityCounts, *, seed: int) -> pd.DataFrame:
    """`identities` with a column `split`; people beyond the counts asked for are left out.

    Each person's place in the order is drawn from (seed, identity) alone, so the order does not depend
    on the table's. Raises `ConfigError` when there are fewer people than asked for.
    """
    if counts.total > len(identities):
        raise ConfigError(
            f"prepare.identities: asks for {counts.total} identities, the corpus has {len(identities)}. "
            "Lower pretrain, train, val or test."
        )
    order = identities["identity"].map(lambda name: derive_seed(seed, "split", name)).argsort(kind="stable")
    chosen = identities.iloc[order.to_numpy()[: counts.total]].copy()
    sizes = [getattr(counts, split) for split in SPLITS]
    chosen["split"] = [split for split, size in zip(SPLITS, sizes, strict=True) for _ in range(size)]
    return chosen.sort_values("identity", ignore_index=True)
