"""Whether a challenger takes the champion's place: figures side by side, and the rule of params.yaml."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vfal.core.config.promote import Promote, Rule
from vfal.core.errors import ConfigError, DataError
from vfal.core.shelf import nearest
from vfal.evaluation.intervals import paired_difference, percentile_interval
from vfal.metrics import Floats
from vfal.protocol import Evaluation

ERROR_RATES = ("eer",)  # smaller is better
MEAN = "mean"


@dataclass(frozen=True)
class Row:
    """One metric of both models; `gain` is how much better the challenger is, with its paired interval."""

    metric: str
    champion: float
    challenger: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Champion and challenger on the same trials; the last row is the mean that the rule looks at."""

    rows: tuple[Row, ...]
    identities: int
    excluded: int

    @property
    def mean(self) -> Row:
        """The mean over the metrics."""
        return self.rows[-1]


def compare(champion: Evaluation, challenger: Evaluation, settings: Promote, *, excluded: int) -> Comparison:
    """Both evaluations, which share trials and resamples, on the metrics of `settings`.

    A metric that was not measured, or rests on other people than the first one, is a `ConfigError`.
    """
    rows: list[Row] = []
    gains_MR: list[Floats] = []
    identities = 0
    for metric in settings.metrics:
        _insist(metric, champion, challenger)
        old, new = (
            (one.records[metric], one.replicates[metric].to_numpy()) for one in (champion, challenger)
        )
        worse, better = (new, old) if metric.endswith(ERROR_RATES) else (old, new)
        gain = paired_difference(worse, better, level=settings.level)
        if rows and gain.identities != identities:
            raise ConfigError(
                f"promote.metrics: '{metric}' rests on {gain.identities} identities, '{rows[0].metric}' on "
                f"{identities}; they cannot be resampled together. Name metrics of one group."
            )
        identities = gain.identities
        rows.append(Row(metric, old[0]["value"], new[0]["value"], gain.value, gain.low, gain.high))
        gains_MR.append(better[1] - worse[1])
    return Comparison((*rows, _mean(rows, gains_MR, settings.level)), identities, excluded)


def passes(comparison: Comparison, rule: Rule, tolerance: float) -> bool:
    """Whether the interval of the mean gain lies where `rule` wants it."""
    return comparison.mean.low > (-tolerance if rule == "not_worse" else 0.0)


def _insist(metric: str, *models: Evaluation) -> None:
    if not all(metric in one.replicates for one in models):
        known = [str(name) for name in models[0].replicates if name in models[1].replicates]
        raise ConfigError(
            f"promote.metrics: '{metric}' was not measured with an interval. {nearest(metric, known)}"
        )


def _mean(rows: Sequence[Row], gains_MR: Sequence[Floats], level: float) -> Row:
    interval = percentile_interval(np.mean(gains_MR, axis=0), level=level)
    if interval is None:
        raise DataError("promote: there are no bootstrap replicates to compare.")
    champion, challenger, gain = np.mean([(row.champion, row.challenger, row.gain) for row in rows], axis=0)
    return Row(MEAN, float(champion), float(challenger), float(gain), *interval)
