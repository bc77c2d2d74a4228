"""What a metric was computed from, kept per probe identity so that people can be resampled."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Self

import numpy as np

from vfal.metrics import Flags, Floats, Integers, auc, eer, equal_error, least_cost, min_dcf


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


class Given(Evidence):
    """A value without anything to resample, such as one printed by a published definition."""

    def __init__(self, value: float) -> None:
        self.value = value

    @property
    def identities(self) -> int:
        """None that could be drawn anew."""
        return 0

    def replicates(self, weights_RI: Floats) -> Floats:
        """None."""
        return np.empty(0)


class MeanOf(Evidence):
    """The mean of several values about the same people."""

    def __init__(self, parts: Sequence[Evidence]) -> None:
        self.parts = parts
        self.value = float(np.mean([part.value for part in parts]))

    @property
    def identities(self) -> int:
        """Probe identities that have trials."""
        return self.parts[0].identities

    def replicates(self, weights_RI: Floats) -> Floats:
        """Means of the parts' replicates."""
        return np.asarray(np.mean([part.replicates(weights_RI) for part in self.parts], axis=0))


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

    def errors(self, weights_RI: Floats) -> tuple[Floats, Floats]:
        """False acceptance and false rejection (R, G + 1) on each replicate's ROC."""
        accepted = (weights_RI @ self.other_IG, weights_RI @ self.same_IG)
        with np.errstate(invalid="ignore"):
            far_RG, tar_RG = (counts_RG / counts_RG[:, -1:] for counts_RG in accepted)
        return far_RG, 1.0 - tar_RG


class Separation(Evidence):
    """AUC, EER or minDCF of verification: exact for the people at hand, from binned counts for resamples."""

    def __init__(self, value: float, replicates: Callable[[Floats], Floats], binned: Binned) -> None:
        self.value, self._replicates, self.binned = value, replicates, binned

    @classmethod
    def auc(cls, scores_T: Floats, same_T: Flags, binned: Binned) -> Self:
        """Area under the ROC."""
        return cls(auc(scores_T, same_T), binned.areas, binned)

    @classmethod
    def eer(cls, scores_T: Floats, same_T: Flags, binned: Binned) -> Self:
        """Equal error rate."""
        return cls(eer(scores_T, same_T), lambda weights_RI: equal_error(*binned.errors(weights_RI)), binned)

    @classmethod
    def min_dcf(cls, scores_T: Floats, same_T: Flags, binned: Binned, *, target_ratio: float) -> Self:
        """Least detection cost."""
        return cls(
            min_dcf(scores_T, same_T, target_ratio=target_ratio),
            lambda weights_RI: least_cost(*binned.errors(weights_RI), target_ratio=target_ratio),
            binned,
        )

    @property
    def identities(self) -> int:
        """Probe identities that have trials."""
        return len(self.binned.same_IG)

    def replicates(self, weights_RI: Floats) -> Floats:
        """The measure on each replicate's ROC."""
        return self._replicates(weights_RI)
