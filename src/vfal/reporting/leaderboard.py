"""The leaderboard: every model of the shelf on the same trials, plain and with identity weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from vfal.core.config.params import Params
from vfal.core.config.shelf import ShelfModel
from vfal.core.errors import ConfigError
from vfal.core.files import read_json
from vfal.core.paths import RAW, REPORTS
from vfal.core.shelf import nearest
from vfal.core.tables import read_table
from vfal.reporting.ceiling import ceiling
from vfal.reporting.claims import Trial, tried
from vfal.reporting.entries import CEILING, CHANCE, Entry, Lineup
from vfal.reporting.results import Result, headline_metrics, paired, read_result
from vfal.reporting.table import column_of

FOLDER = REPORTS / "shelf"
PLAIN, ADAPTIVE = "plain", "with identity weights"


@dataclass(frozen=True)
class Board:
    """What the shelf's models reached and cost: best plain model first, its adaptive form below it."""

    params: Params
    lineup: Lineup
    results: Mapping[str, Result]
    costs: Mapping[str, Mapping[str, float]]
    oracle: Result | None

    @cached_property
    def metrics(self) -> list[str]:
        """Full names of the numbers of the table; a model that cannot be asked for one has none."""
        records = {
            name: record for result in self.results.values() for name, record in result.records.items()
        }
        return headline_metrics(records, self.params.evaluate.groups)

    @cached_property
    def values(self) -> pd.DataFrame:
        """A row per model and number it has: entry, metric, value, low, high, sd, chance."""
        rows = []
        chances = {
            metric: result.records[metric]["chance"]
            for result in self.results.values()
            for metric in self.metrics
            if metric in result.records
        }
        rows += [
            {"entry": CHANCE, "metric": name, "value": one, "chance": one} for name, one in chances.items()
        ]
        best = {CEILING: self.oracle} if self.oracle else {}
        for name, result in (
            {entry.name: self.results[entry.name] for entry in self.lineup.entries} | best
        ).items():
            rows += [
                {"entry": name, "metric": metric}
                | {key: result.records[metric].get(key) for key in ("value", "low", "high", "sd", "chance")}
                for metric in self.metrics
                if metric in result.records
            ]
        return pd.DataFrame(rows)

    @cached_property
    def gains(self) -> pd.DataFrame:
        """What identity weights changed: entry (the adaptive model), metric, difference and its interval."""
        models, rows = self.params.train_method.models, []
        for name in self.results:
            plain = plain_of(name, models)
            if plain is None or plain not in self.results:
                continue
            for metric in self.metrics:
                found = paired(
                    self.results[plain], self.results[name], metric, level=self.params.evaluate.level
                )
                if found:
                    rows.append({"entry": name, "metric": metric, **found})
        return pd.DataFrame(
            rows, columns=["entry", "metric", "difference", "difference_low", "difference_high"]
        )

    @cached_property
    def trials(self) -> list[Trial]:
        """What became of the claims of papers."""
        return tried(self.params.leaderboard, self.results, level=self.params.evaluate.level)


def gather_board(params: Params) -> Board:
    """Read what the stages before left; a `DataError` names what is missing."""
    models = params.train_method.models
    results = {name: read_result(FOLDER / name) for name in models}
    costs = {name: read_json(FOLDER / f"{name}.cost.json") for name in models}
    order = ranked(results, models, params.leaderboard.sort_by)
    entries = tuple(_entry(name, models) for name in order)
    oracle = ceiling(params, read_table(RAW / "truth.parquet", ["identity", "personalised"]))
    return Board(
        params, Lineup(entries, None), results, costs, Result(oracle.records, {}) if oracle else None
    )


def plain_of(name: str, models: Mapping[str, ShelfModel]) -> str | None:
    """The model that an adaptive one is without its identity weights; None for a plain one."""
    changes = dict(models[name].changes)
    if not changes.pop("adaptive", False):
        return None
    same = [
        other
        for other, model in models.items()
        if model.method == models[name].method and dict(model.changes) == changes
    ]
    return same[0] if same else None


def ranked(results: Mapping[str, Result], models: Mapping[str, ShelfModel], sort_by: str) -> list[str]:
    """Names in the order of the table; models without that number come last, in their own order."""
    known = {metric for result in results.values() for metric in result.records}
    if sort_by not in known:
        raise ConfigError(f"leaderboard.sort_by: no number '{sort_by}'. {nearest(sort_by, known)}")
    sign = 1 if column_of(sort_by).smaller_is_better else -1

    def place(name: str) -> float:
        record = results[name].records.get(sort_by)
        return sign * record["value"] if record else float("inf")

    plain = {name: plain_of(name, models) for name in results}
    first = sorted((name for name in results if plain[name] not in results), key=place)
    return [one for name in first for one in (name, *(other for other in results if plain[other] == name))]


def _entry(name: str, models: Mapping[str, ShelfModel]) -> Entry:
    model = models[name]
    changed = ", ".join(f"{key} = {value}" for key, value in model.changes.items() if key != "adaptive")
    weighted = bool(model.changes.get("adaptive"))
    meaning = ", ".join(part for part in (changed, ADAPTIVE if weighted else PLAIN) if part)
    return Entry(name, name, meaning, "learned" if weighted else "none")


def as_json(board: Board) -> dict[str, Any]:
    """All numbers of the table, by model and full name, and what each model cost."""
    found: dict[str, Any] = {}
    for entry, table in board.values.groupby("entry", sort=False):
        kept = table.drop(columns="entry").set_index("metric").to_dict("index")
        found[str(entry)] = {
            metric: {key: value for key, value in row.items() if pd.notna(value)}
            for metric, row in kept.items()
        }
    for name, cost in board.costs.items():
        found[name]["cost"] = dict(cost)
    return found
