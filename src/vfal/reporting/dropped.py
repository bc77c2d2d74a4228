"""Who was left out: the identities whose weight ended at zero, beside the truth where it is known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from vfal.core.paths import IDENTITY_WEIGHTS, TRAINED
from vfal.core.tables import read_table
from vfal.metrics import auc
from vfal.reporting.entries import MAIN, Entry, Lineup

FIELDS = ["entry", "seeds", "dropped", "dropped_ratio", "precision", "recall", "base_rate", "hardness_auc"]


def read_weights(lineup: Lineup, seeds: Sequence[int], *, only: str = "") -> pd.DataFrame:
    """Identity weights of every entry that has some: entry, seed, identity, weight, hardness, dropped.

    With `only`, those of the entry of that name.
    """
    tables = [
        read_table(_folder(entry) / f"weights_{seed}.parquet", ["identity", "weight", "hardness"]).assign(
            entry=entry.name, seed=seed
        )
        for entry in lineup.weighted
        if only in ("", entry.name)
        for seed in seeds
    ]
    columns = ["entry", "seed", "identity", "weight", "hardness"]
    weights = pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    return weights.assign(dropped=weights["weight"] == 0)


def _folder(entry: Entry) -> Path:
    return IDENTITY_WEIGHTS if entry.name == MAIN else TRAINED / entry.name


def with_truth(weights: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """`weights` of identities whose truth is known, with a column `personalised`; no rows when none is."""
    known = truth.set_index("identity")["personalised"].astype(bool)
    found = weights[weights["identity"].isin(known.index)]
    return found.assign(personalised=found["identity"].map(known).astype(bool))


def detection(known: pd.DataFrame) -> pd.DataFrame:
    """Per entry, means over seeds: columns `FIELDS`, ratios in [0, 1].

    `precision` is the share of dropped identities that are personalised, to be read beside
    `base_rate`, the share among all; `recall` the share of personalised ones that are dropped.
    `hardness_auc` is the chance that a personalised identity ends harder than another; missing where
    no hardness was learned.
    """
    rows = []
    for entry, of_entry in known.groupby("entry", sort=False):
        found = pd.DataFrame([_of_seed(one) for _, one in of_entry.groupby("seed")])
        means = found.mean()
        rows.append({"entry": entry, "seeds": len(found), **means.to_dict()})
    return pd.DataFrame(rows, columns=FIELDS)


def _of_seed(table: pd.DataFrame) -> dict[str, float]:
    dropped, personalised = table["dropped"].to_numpy(dtype=bool), table["personalised"].to_numpy(dtype=bool)
    hardness = table["hardness"].to_numpy(dtype=np.float64)
    both = int((dropped & personalised).sum())
    learned = np.isfinite(hardness).all() and np.ptp(hardness) > 0 and 0 < personalised.sum() < len(table)
    return {
        "dropped": float(dropped.sum()),
        "dropped_ratio": float(dropped.mean()),
        "precision": both / dropped.sum() if dropped.any() else np.nan,
        "recall": both / personalised.sum() if personalised.any() else np.nan,
        "base_rate": float(personalised.mean()),
        "hardness_auc": auc(hardness, personalised) if learned else np.nan,
    }


def votes(weights: pd.DataFrame, entry: str) -> pd.DataFrame:
    """Per identity of one entry: in how many seeds it was dropped (`times`) and its mean hardness rank.

    `hardness_rank` is in (0, 1], 1 the hardest. Most often dropped and hardest first.
    """
    chosen = weights[weights["entry"] == entry]
    ranked = chosen.assign(hardness_rank=chosen.groupby("seed")["hardness"].rank(pct=True))
    found = ranked.groupby("identity").agg(times=("dropped", "sum"), hardness_rank=("hardness_rank", "mean"))
    return found.reset_index().sort_values(
        ["times", "hardness_rank", "identity"], ascending=[False, False, True], ignore_index=True
    )


def hardness_histogram(known: pd.DataFrame, *, bins: int) -> pd.DataFrame:
    """Share of personalised and of other identities per hardness bin, all seeds pooled.

    Columns entry, left, right, personalised, others; entries that learned no hardness are left out.
    """
    tables = []
    for entry, table in known.groupby("entry", sort=False):
        hardness, personalised = (
            table["hardness"].to_numpy(dtype=np.float64),
            table["personalised"].to_numpy(),
        )
        if not np.isfinite(hardness).all() or np.ptp(hardness) == 0:
            continue
        edges = np.linspace(hardness.min(), hardness.max(), bins + 1)
        counts = [np.histogram(hardness[rows], edges)[0] for rows in (personalised, ~personalised)]
        shares = [count / max(1, count.sum()) for count in counts]
        columns = {"left": edges[:-1], "right": edges[1:], "personalised": shares[0], "others": shares[1]}
        tables.append(pd.DataFrame(columns).assign(entry=entry))
    columns_ = ["entry", "left", "right", "personalised", "others"]
    return pd.concat(tables, ignore_index=True)[columns_] if tables else pd.DataFrame(columns=columns_)
