"""What a metric was computed from, kept per probe identity so that people can be resampled."""

from abc import ABC, abstractmethod
from typing import Literal

import numpy as np

from vfal.metrics import Flags, Floats, Integers, auc, eer, equal_error


class Evidence(ABC):
    """A metric's value, and its value for other mixtures of the same probe identities."""

    value: float

    @property
    @abstractmethod
    def identities(self) -> int:
        """Probe identities that have trials."""

    @abstractmethod
    def replicates(self, weights_RI: Floats) -> Floats:
        """The metric (R,) with identity i counted `weights_RI[r, i]` times; NaN where it is not defined."""


class MeanPerTrial(Evidence):
    """A mean over trials (accuracy, average precision, recall)."""

    def __init__(self, values_T: Floats, people_T: Integers) -> None:
        _, codes_T = np.unique(people_T, return_inverse=True)
        self.total_I = np.bincount(codes_T, weights=values_T)
        self.count_I = np.bincount(codes_T).astype(np.float64)
        self.value = float(np.mean(values_T))

    @property
    def identities(self) -> int:
        """Probe identities that have trials."""
        return len(self.count_I)

    def replicates(self, weights_RI: Floats) -> Floats:
        """Weighted sums over weighted counts."""
        return np.asarray((weights_RI @ self.total_I) / (weights_RI @ self.count_I))


class Binned:
    """Verification trials of each probe identity accepted at each of G + 1 thresholds, highest first.

    `same_IG` and `other_IG` count trials of the same and of different people, from none to all. With as
    many thresholds as distinct scores they hold all there is to know; with fewer, thresholds are
    quantiles of the scores, and trials between two of them are taken for ties.
    """

    def __init__(self, scores_T: Floats, same_T: Flags, people_T: Integers, *, thresholds: int) -> None:
        edges = np.unique(scores_T)
        if len(edges) > thresholds:
            edges = np.unique(np.quantile(scores_T, np.linspace(0, 1, thresholds + 1)[:-1]))
        bins_T = len(edges) - np.searchsorted(edges, scores_T, side="right")
        _, codes_T = np.unique(people_T, return_inverse=True)
        shape = (int(codes_T.max()) + 1, len(edges))
        cells_T = codes_T * shape[1] + bins_T
        self.same_IG, self.other_IG = (
            np.cumsum(
                np.pad(
                    np.bincount(cells_T[chosen], minlength=shape[0] * shape[1]).reshape(shape),
                    ((0, 0), (1, 0)),
                ),
                axis=1,
                dtype=np.float64,
            )
            for chosen in (same_T, ~same_T)
        )

    def areas(self, weights_RI: Floats) -> Floats:
        """Area (R,) under each replicate's ROC: trapezoids, summed once per pair of identities."""
        height_IG = (self.same_IG[:, 1:] + self.same_IG[:, :-1]) / 2
        area_II = np.diff(self.other_IG, axis=1) @ height_IG.T
        pairs_R = (weights_RI @ self.other_IG[:, -1]) * (weights_RI @ self.same_IG[:, -1])
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sum((weights_RI @ area_II) * weights_RI, axis=1) / pairs_R)

    def equal_errors(self, weights_RI: Floats) -> Floats:
        """Equal error rate (R,) on each replicate's ROC."""
        accepted = (weights_RI @ self.other_IG, weights_RI @ self.same_IG)
        with np.errstate(invalid="ignore"):
            far_RG, tar_RG = (counts_RG / counts_RG[:, -1:] for counts_RG in accepted)
        return equal_error(far_RG, 1.0 - tar_RG)


class Separation(Evidence):
    """AUC or EER of verification: exact for the people at hand, from binned counts for resamples."""

    def __init__(
        self, measure: Literal["auc", "eer"], scores_T: Floats, same_T: Flags, binned: Binned
    ) -> None:
        self.measure, self.binned = measure, binned
        self.value = (auc if measure == "auc" else eer)(scores_T, same_T)

    @property
    def identities(self) -> int:
        """Probe identities that have trials."""
        return len(self.binned.same_IG)

    def replicates(self, weights_RI: Floats) -> Floats:
        """The measure on each replicate's ROC."""
        return (self.binned.areas if self.measure == "auc" else self.binned.equal_errors)(weights_RI)
