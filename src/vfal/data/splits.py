"""Identity-disjoint splits drawn by a seed."""

from collections.abc import Collection, Mapping

import pandas as pd

from vfal.core.config.machine import IdentityCounts, Prepare
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


def family_of(settings: Prepare) -> str:
    """The name of a split: models trained on another one may have seen its test people."""
    return settings.split if settings.split != "seeded" else f"seeded by {settings.seed}"


def with_both(people: pd.DataFrame, clips: pd.DataFrame, faces: pd.DataFrame) -> pd.DataFrame:
    """The people who have a readable recording and a readable picture."""
    heard, seen = (set(table.loc[table["problem"] == "", "identity"]) for table in (clips, faces))
    return people[people["identity"].isin(heard & seen)].reset_index(drop=True)


def in_heard_language(items: pd.DataFrame, people: pd.DataFrame, language: str) -> pd.DataFrame:
    """`items` in one language, and of test people in all; everything, if no language is named.

    Raises `ConfigError` where the items' languages are not known, or the one named is not among them.
    """
    if not language:
        return items
    spoken = sorted(items["language"].unique()) if "language" in items else []
    if language not in spoken:
        raise ConfigError(
            f"prepare.heard_language: nothing of the corpus is in '{language}'; found "
            f"{', '.join(spoken) or 'no languages (collect.dataset mav_celeb has them)'}."
        )
    tested = set(people.loc[people["split"] == "test", "identity"])
    return items[items["language"].eq(language) | items["identity"].isin(tested)]
