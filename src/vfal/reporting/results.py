"""What evaluation found, as one tidy table: a row per model and headline number."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vfal.core.errors import DataError
from vfal.core.files import read_json
from vfal.core.types import DIRECTIONS
from vfal.evaluation.intervals import paired_difference
from vfal.metrics import Floats
from vfal.reporting.entries import CEILING, CHANCE, Lineup

FIELDS = [
    "entry",
    "metric",
    "value",
    "low",
    "high",
    "sd",
    "chance",
    "difference",
    "difference_low",
    "difference_high",
]


@dataclass(frozen=True)
class Result:
    """One model under the protocols: records and bootstrap replicates (R,) by full metric name."""

    records: Mapping[str, Mapping[str, Any]]
    replicates: Mapping[str, Floats]


def read_result(folder: Path) -> Result:
    """The result in `reports/evaluate/<name>`; a `DataError` names what is missing or does not fit."""
    path = folder / "replicates.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            names, replicates = stored["names"].tolist(), stored["replicates"].astype(np.float64)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file. Run `dvc repro evaluate@{folder.name}`.") from None
    except (ValueError, KeyError, OSError) as error:
        raise DataError(f"{path}: damaged ({error}). Run `dvc repro -f evaluate@{folder.name}`.") from error
    if replicates.ndim != 2 or replicates.shape[1] != len(names):
        raise DataError(
            f"{path}: replicates of shape {replicates.shape}; expected a column for each of {len(names)} "
            f"metrics. Run `dvc repro -f evaluate@{folder.name}`."
        )
    return Result(read_json(folder / "full.json"), dict(zip(names, replicates.T, strict=True)))


def headline_metrics(records: Mapping[str, Any], groups: tuple[str, ...]) -> list[str]:
    """Full names of the numbers that the table shows, those of `records` only, in the table's order."""
    wanted = [f"matching_1_2/{{}}/{group}/accuracy" for group in groups]
    wanted += [f"{name}/{{}}/all/{measure}" for name, measure in _SINGLE]
    wanted += [f"{name}/{{}}/all/{measure}" for name, measure in _joint(records)]
    names = [pattern.format(direction) for pattern in wanted for direction in DIRECTIONS]
    return [name for name in names if name in records]


_SINGLE = (("verification", "auc"), ("verification", "eer"), ("retrieval", "map"))
_JOINT = (("joint_matching", "accuracy"), ("joint_retrieval", "map"))


def _joint(records: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Joint tasks that the table shows, with their measure: the largest of equal means, and every pair."""
    protocols = list(dict.fromkeys(name.split("/")[0] for name in records))
    for task, measure in _JOINT:
        sizes = [name.removeprefix(f"{task}_") for name in protocols if name.startswith(f"{task}_")]
        means = sorted((int(size[1:]) for size in sizes if size.startswith("m")), reverse=True)
        for size in [*(f"m{mean}" for mean in means[:1]), *(size for size in sizes if size.startswith("v"))]:
            yield f"{task}_{size}", measure


def tidy(
    lineup: Lineup, results: Mapping[str, Result], ceiling: Result | None, metrics: list[str], *, level: float
) -> pd.DataFrame:
    """Columns `FIELDS`: value and interval per entry and metric, chance first and the ceiling last.

    Values are ratios in [0, 1]. `difference` is to the baseline on the same trials and the same
    resamples of identities; it is missing for chance, the ceiling and the baseline itself.
    """
    records = {name: result.records for name, result in results.items()}
    first = next(iter(records.values()))
    rows: list[dict[str, Any]] = [
        {
            "entry": CHANCE,
            "metric": metric,
            "value": first[metric]["chance"],
            "chance": first[metric]["chance"],
        }
        for metric in metrics
    ]
    for name in [entry.name for entry in lineup.entries]:
        for metric in metrics:
            row = _row(name, metric, records[name])
            rows.append(row | _difference(lineup.baseline, name, metric, results, level))
    if ceiling is not None:
        rows += [_row(CEILING, metric, ceiling.records) for metric in metrics if metric in ceiling.records]
    return pd.DataFrame(rows, columns=FIELDS)


def _row(entry: str, metric: str, records: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    if metric not in records:
        raise DataError(
            f"reports/evaluate/{entry}/full.json: no '{metric}'. Run `dvc repro -f evaluate@{entry}`."
        )
    kept = {key: records[metric].get(key) for key in ("value", "low", "high", "sd", "chance")}
    return {"entry": entry, "metric": metric, **kept}


def _difference(
    baseline: str | None, name: str, metric: str, results: Mapping[str, Result], level: float
) -> dict[str, float]:
    if baseline is None or name == baseline:
        return {}
    return paired(results[baseline], results[name], metric, level=level)


def paired(first: Result, second: Result, metric: str, *, level: float) -> dict[str, float]:
    """`second` minus `first` on the same trials and resamples; empty where either has no such number."""
    if metric not in first.replicates or metric not in second.replicates:
        return {}
    found = paired_difference(
        (first.records[metric], first.replicates[metric]),
        (second.records[metric], second.replicates[metric]),
        level=level,
    )
    return {"difference": found.value, "difference_low": found.low, "difference_high": found.high}
