"""Intervals: from resampling people, and from the binomial law.

Trials of one person are alike, so the binomial law, which takes every trial for an independent one, is
far too sure of itself (TriNet: 0.01 points where people differ by 0.25 to 0.5). The interval in front
therefore comes from drawing the probes' identities anew, with replacement. It is the percentile
interval: BCa's acceleration is itself uncertain with the few dozen to few hundred people of this field,
the metrics here are near-linear means, and percentiles of differences pair up run by run.

The gallery's people are held fixed: the interval is about other probe people against this gallery. On
simulated worlds of 100 people in which the gallery was new as well, 95 % intervals held the truth in
92 to 96 of 100 worlds (accuracy, AUC, EER, mAP); the binomial ones in 74 to 86.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

from vfal.core.errors import DataError
from vfal.core.seeding import generator
from vfal.metrics import Floats


class Resamples:
    """How often each identity is drawn in each bootstrap replicate.

    The counts depend on the seed and the number of identities alone: two models measured on the same
    trials are measured on the same resamples, so that their differences can be paired.
    """

    def __init__(self, *, seed: int, replicates: int) -> None:
        self.seed, self.replicates = seed, replicates
        self.weights_RI = cache(self._draw)

    def _draw(self, identities: int) -> Floats:
        """Counts (R, I); each row sums to I."""
        rng = generator(self.seed, "bootstrap", identities)
        drawn = rng.integers(0, identities, (self.replicates, identities))
        drawn += np.arange(self.replicates)[:, None] * identities
        counts = np.bincount(drawn.ravel(), minlength=self.replicates * identities)
        return counts.reshape(self.replicates, identities).astype(np.float64)


def percentile_interval(values_R: Floats, *, level: float) -> tuple[float, float] | None:
    """The central `level` of replicate values; None when there are no finite ones.

    A replicate is NaN when it drew nobody with a trial of one kind.
    """
    finite = values_R[np.isfinite(values_R)]
    if finite.size == 0:
        return None
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def binomial_interval(ratio: float, trials: int, *, level: float) -> tuple[float, float]:
    """Normal approximation p +- u sqrt(p (1 - p) / n) within [0, 1] (TriNet, section on confidence)."""
    half = NormalDist().inv_cdf((1 + level) / 2) * (ratio * (1 - ratio) / trials) ** 0.5
    return max(0.0, ratio - half), min(1.0, ratio + half)


@dataclass(frozen=True)
class Difference:
    """Second minus first, with its paired interval; `trials` and `identities` are what both share."""

    value: float
    low: float
    high: float
    trials: int
    identities: int


def paired_difference(
    first: tuple[Mapping[str, object], Sequence[float] | Floats],
    second: tuple[Mapping[str, object], Sequence[float] | Floats],
    *,
    level: float,
) -> Difference:
    """The difference of two models on one metric: each given as (record, replicates (R,)).

    Raises `DataError` when they were not measured on the same trials and resamples.
    """
    for key in ("trials", "identities"):
        if first[0][key] != second[0][key]:
            raise DataError(
                f"paired difference: one model has {first[0][key]} {key}, the other {second[0][key]}. "
                "Evaluate both on the same trial lists."
            )
    one, other = (np.asarray(replicates, dtype=np.float64) for _, replicates in (first, second))
    if one.shape != other.shape:
        raise DataError(
            f"paired difference: {one.size} and {other.size} bootstrap replicates. Evaluate both with the "
            "same evaluate.bootstrap_replicates."
        )
    value = float(second[0]["value"]) - float(first[0]["value"])  # type: ignore[arg-type]
    interval = percentile_interval(other - one, level=level)
    if interval is None:
        raise DataError("paired difference: there are no bootstrap replicates to compare.")
    return Difference(value, *interval, int(first[0]["trials"]), int(first[0]["identities"]))  # type: ignore[call-overload]
