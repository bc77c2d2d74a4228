"""What papers say of one model against another, tried on this corpus by paired intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vfal.core.config.shelf import Claim, Leaderboard
from vfal.core.errors import ConfigError
from vfal.core.shelf import nearest
from vfal.reporting.results import Result, paired
from vfal.reporting.table import Cell, Column, Row, column_of, difference_cell

HOLDS, REVERSED, OPEN = "holds", "reversed", "open"


@dataclass(frozen=True)
class Trial:
    """A claim and what became of it: the better model minus the worse one, with intervals, by metric."""

    claim: Claim
    differences: Mapping[str, Mapping[str, float]]

    @property
    def verdict(self) -> str:
        """`holds`: an interval on the better side of 0, none on the worse; `reversed`; else `open`."""
        marks = {difference_cell(found, column_of(name)).mark for name, found in self.differences.items()}
        above, below = "better" in marks, "worse" in marks
        if above == below:
            return OPEN
        return HOLDS if above else REVERSED

    def row(self, columns: Sequence[Column]) -> Row:
        """The claim, its models, and a cell per column."""
        cells = (
            difference_cell(self.differences[column.metric], column)
            if column.metric in self.differences
            else Cell()
            for column in columns
        )
        meaning = f"{self.claim.source}: {self.claim.better} - {self.claim.worse}"
        return Row(self.verdict, self.claim.says, meaning, tuple(cells))


def tried(settings: Leaderboard, results: Mapping[str, Result], *, level: float) -> list[Trial]:
    """Every claim of which both models are at hand, in the order of params.yaml.

    Intervals hold at `level` for all metrics of a claim together (Bonferroni): one of several that lies off
    0 by luck must not decide it. A metric that nobody has is a `ConfigError`.
    """
    known = {metric for result in results.values() for metric in result.records}
    for metric in settings.claims_on:
        if metric not in known:
            raise ConfigError(f"leaderboard.claims_on: no number '{metric}'. {nearest(metric, known)}")
    each = 1 - (1 - level) / len(settings.claims_on)
    trials = []
    for claim in settings.claims:
        if claim.better not in results or claim.worse not in results:
            continue
        pair = results[claim.worse], results[claim.better]
        found = {metric: paired(*pair, metric, level=each) for metric in settings.claims_on}
        if any(found.values()):  # those that both models can be asked for
            trials.append(Trial(claim, {metric: one for metric, one in found.items() if one}))
    return trials


def untried(settings: Leaderboard, results: Mapping[str, Result]) -> list[str]:
    """The models that claims name and the table does not have."""
    named = {name for claim in settings.claims for name in (claim.better, claim.worse)}
    return sorted(named - {*results})


def claims_as_json(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Each claim, its verdict, and the differences by metric."""
    return [
        trial.claim.model_dump() | {"verdict": trial.verdict, "differences": dict(trial.differences)}
        for trial in trials
    ]
