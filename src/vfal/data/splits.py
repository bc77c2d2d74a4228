"""Identity-disjoint splits drawn by a seed."""

from collections.abc import Collection, Mapping

import pandas as pd

from vfal.core.config.machine import IdentityCounts
from vfal.core.errors import ConfigError
from vfal.core.seeding import derive_seed
from vfal.core.types import LEFT_OUT, SPLITS

DRAWN = 1 << 63  # `derive_seed` is below


def split_identities(
    identities: pd.DataFrame,
    counts: IdentityCounts,
    *,
    seed: int,
    withdrawn: Collection[str] = (),
    known: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """`identities` with a column `split`; people who are in none are left out.

    With `known`, everybody in it keeps that split (any other word leaves them out), and each newcomer is
    dealt one in the proportions of `counts`, by a number drawn from (seed, identity) alone: nobody ever
    moves when others come or go.

    Without, everybody stands in one order, drawn the same way, and `counts` are dealt from its front;
    people beyond them are left out. People who have `withdrawn` keep their place in that order, so that
    nobody moves into it. Raises `ConfigError` when there are fewer people than asked for.
    """
    names = identities["identity"].tolist()
    if known:
        splits = [known.get(name) or _dealt(name, counts, seed) for name in names]
    else:
        splits = _in_order([*names, *sorted({*withdrawn} - {*names})], counts, seed)[: len(names)]
    taken = identities.assign(split=splits)
    return taken[taken["split"].isin(SPLITS)].sort_values("identity", ignore_index=True)


def _in_order(names: list[str], counts: IdentityCounts, seed: int) -> list[str]:
    if counts.total > len(names):
        raise ConfigError(
            f"prepare.identities: asks for {counts.total} identities, the corpus has {len(names)}. "
            "Lower pretrain, train, val or test."
        )
    order = sorted(range(len(names)), key=lambda place: derive_seed(seed, "split", names[place]))
    splits = [LEFT_OUT] * len(names)
    dealt = (split for split in SPLITS for _ in range(getattr(counts, split)))
    for place, split in zip(order, dealt, strict=False):
        splits[place] = split
    return splits


def _dealt(name: str, counts: IdentityCounts, seed: int) -> str:
    place = derive_seed(seed, "split of a newcomer", name) * counts.total // DRAWN
    for split in SPLITS[:-1]:
        place -= getattr(counts, split)
        if place < 0:
            return split
    return SPLITS[-1]
