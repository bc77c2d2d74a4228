"""Tables behind the plots of one evaluated model, as csv files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from vfal.core.files import write_text
from vfal.evaluation.averaging import SeedRecord

PLACE = ["direction", "group"]


def write_curves(
    folder: Path, records: Mapping[str, SeedRecord], seeds: Sequence[Mapping[str, pd.DataFrame]]
) -> None:
    """Write the tables behind the plots.

    roc.csv holds a curve per seed, histogram.csv the counts of all seeds, matching.csv the 1:N accuracy,
    identities.csv the 1:2 accuracy of each probe identity (mean over seeds).

    A protocol that was not asked for leaves no file.
    """
    curves = {name: [one[name] for one in seeds] for name in seeds[0]}
    if "roc" in curves:
        roc = pd.concat(curves["roc"], keys=range(len(seeds)), names=["seed"]).reset_index("seed")
        names = {"false_acceptance": "false_accept", "true_acceptance": "true_accept"}
        _write(folder / "roc.csv", roc.rename(columns=names).drop(columns="threshold"))
    if "scores" in curves:
        scores = pd.concat(curves["scores"]).rename(columns={"low": "left", "high": "right"})
        _write(
            folder / "histogram.csv",
            scores.groupby([*PLACE, "left", "right"], sort=False).sum().reset_index(),
        )
    if "identities" in curves:
        people = pd.concat(curves["identities"]).groupby([*PLACE, "identity"], sort=False).mean()
        _write(folder / "identities.csv", people.reset_index().astype({"trials": int}))
    matching = _accuracy_by_size(records)
    if not matching.empty:
        _write(folder / "matching.csv", matching)


def _accuracy_by_size(records: Mapping[str, SeedRecord]) -> pd.DataFrame:
    rows = []
    for name, record in records.items():
        protocol, direction, group, _ = name.split("/")
        if protocol.startswith("matching_1_"):
            row = {"direction": direction, "group": group, "size": int(protocol.removeprefix("matching_1_"))}
            rows.append(
                row | {"accuracy": record["value"], **{key: record[key] for key in ("low", "high", "chance")}}
            )
    return pd.DataFrame(rows)


def _write(path: Path, table: pd.DataFrame) -> None:
    write_text(path, table.to_csv(index=False, float_format="%.6f"))
