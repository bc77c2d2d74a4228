"""Tables behind the plots, gathered from what training and evaluation left on disk."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vfal.core.errors import DataError
from vfal.core.paths import ENCODERS, IDENTITY_WEIGHTS, REPORTS, TRAINED
from vfal.core.types import DIRECTIONS, MODALITIES
from vfal.reporting.entries import CEILING, MAIN, WARM_UP, Lineup
from vfal.training.record import read_curve

PLACE = ["entry", "direction", "group"]
TRAINING = ["phase", "entry", "seed", "step", "loss", "validation_accuracy", "kept_ratio"]
ROC_POINTS = np.linspace(0.0, 1.0, 101)  # of the drawn curve; numbers come from the records


def training_curves(lineup: Lineup, seeds: Sequence[int]) -> pd.DataFrame:
    """Every logged row of every phase, columns `TRAINING`; phases that left no curve have no rows."""
    rows = [
        {"phase": phase, "entry": entry, "seed": seed} | row
        for phase, entry, seed, path in _curve_files(lineup, seeds)
        for row in read_curve(path)
    ]
    return pd.DataFrame(rows).reindex(columns=TRAINING)


def _curve_files(lineup: Lineup, seeds: Sequence[int]) -> Iterator[tuple[str, str, int, Path]]:
    for modality in MODALITIES:
        yield "pretrain", modality, seeds[0], ENCODERS / f"{modality}.jsonl"
    for seed in seeds:
        yield "warm_up", MAIN, seed, TRAINED / WARM_UP / f"seed_{seed}.jsonl"
        yield "weigh_identities", MAIN, seed, IDENTITY_WEIGHTS / f"weights_{seed}.jsonl"
        for entry in lineup.entries:
            if entry.name == WARM_UP:
                continue
            if entry.name != MAIN:
                yield "weigh_identities", entry.name, seed, TRAINED / entry.name / f"weights_{seed}.jsonl"
            yield "retrain", entry.name, seed, TRAINED / entry.name / f"seed_{seed}.jsonl"


def evaluated_curve(name: str, curve: str) -> pd.DataFrame:
    """`reports/evaluate/<name>/<curve>.csv` with a column `entry` in front; empty when there is none."""
    path = REPORTS / "evaluate" / name / f"{curve}.csv"
    if not path.exists():
        return pd.DataFrame(columns=PLACE)
    try:
        table = pd.read_csv(path)
    except ValueError as error:
        raise DataError(f"{path}: not a csv table ({error}). Run `dvc repro -f evaluate@{name}`.") from error
    table.insert(0, "entry", name)
    return table


def roc_table(model: pd.DataFrame, oracle: pd.DataFrame | None) -> pd.DataFrame:
    """The ROC at fixed false acceptances, mean over seeds; columns `PLACE`, false_accept, true_accept."""
    parts = [model] if oracle is None else [model, oracle.assign(entry=CEILING)]
    rows: list[pd.DataFrame] = []
    for part in parts:
        curves = part if "seed" in part else part.assign(seed=0)
        for place, group in curves.groupby(PLACE, sort=False):
            seeds = [
                np.interp(ROC_POINTS, one["false_accept"], one["true_accept"])
                for _, one in group.groupby("seed")
            ]
            points = {"false_accept": ROC_POINTS, "true_accept": np.mean(seeds, axis=0)}
            named: dict[str, Any] = dict(zip(PLACE, place, strict=True))
            rows.append(pd.DataFrame(points).assign(**named))
    columns = [*PLACE, "false_accept", "true_accept"]
    return pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)


def matching_table(records: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> pd.DataFrame:
    """1:N accuracy of the entries given: entry, direction, group, size, accuracy, low, high, chance."""
    rows = []
    for entry, of_entry in records.items():
        for name, record in of_entry.items():
            protocol, direction, group, _ = name.split("/")
            if protocol.startswith("matching_1_"):
                row: dict[str, Any] = {"entry": entry, "direction": direction, "group": group}
                size = int(protocol.removeprefix("matching_1_"))
                found = {key: record[key] for key in ("low", "high", "chance")}
                rows.append(row | {"size": size, "accuracy": record["value"]} | found)
    table = pd.DataFrame(rows, columns=[*PLACE, "size", "accuracy", "low", "high", "chance"])
    return table.sort_values("size", kind="stable", ignore_index=True)


def hardest_identities(people: pd.DataFrame) -> pd.DataFrame:
    """1:2 accuracy of each test identity: identity, both (directions' mean), v2f, f2v; hardest first.

    `people` is `evaluated_curve(<model>, "identities")`; no rows when 1:2 matching was not measured.
    """
    if people.empty:
        return pd.DataFrame(columns=["identity", "both", *DIRECTIONS])
    everybody = people[people["group"] == "all"]
    table = everybody.pivot_table(index="identity", columns="direction", values="accuracy")
    table = table.reindex(columns=list(DIRECTIONS))
    table.insert(0, "both", table.mean(axis=1))
    table = table.reset_index().rename_axis(columns=None)
    return table.sort_values(["both", "identity"], kind="stable", ignore_index=True)
