"""Trials on people whom no model under comparison has seen."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from vfal.core.config.machine import Prepare
from vfal.core.errors import DataError
from vfal.core.paths import PREPARED
from vfal.core.tables import read_table
from vfal.data.trials import make_trials

SEEN = ("pretrain", "train", "val")  # a model has learned from these, or was chosen on them


@dataclass(frozen=True)
class FairTrials:
    """The people of the test split that are left, their trials, and how many people were taken out."""

    people: pd.DataFrame
    trials: dict[str, pd.DataFrame]
    excluded: int


def seen_by(people: pd.DataFrame) -> set[str]:
    """The identities that a model made with `people` (identity, split) has seen."""
    return set(people.loc[people["split"].isin(SEEN), "identity"])


def fair_trials(folder: Path, settings: Prepare, seen: Collection[str], *, least: int) -> FairTrials:
    """The test trials of the checkout `folder`, drawn anew among the people outside `seen`.

    Drawn by the same rule and seed as `prepare`: with nobody to take out they are its lists. Raises
    `DataError` when fewer than `least` people are left: too few to tell two models apart.
    """
    prepared = folder / PREPARED
    people = read_table(prepared / "identities.parquet", ["identity", "gender", "nationality", "split"])
    tested = people[people["split"] == "test"]
    left = tested[~tested["identity"].isin(seen)].reset_index(drop=True)
    if len(left) < least:
        raise DataError(
            f"of {len(tested)} test identities {len(left)} were seen by neither model, "
            f"promote.least_identities asks for {least}: nothing is decided. Raise "
            "prepare.identities.test, or keep splits from one retraining to the next (promote.keep_splits)."
        )
    items = {
        name: read_table(prepared / f"{name}.parquet", ["identity", "problem"]) for name in ("clips", "faces")
    }
    readable = {name: table[table["problem"] == ""] for name, table in items.items()}
    trials = make_trials(
        left,
        readable["clips"],
        readable["faces"],
        split="test",
        seed=settings.seed,
        settings=settings.trials,
    )
    return FairTrials(left, trials, len(tested) - len(left))
