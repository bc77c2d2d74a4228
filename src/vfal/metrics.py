"""Metrics of voice-face association on plain arrays.

Scores are larger where a voice and a face fit better. Each metric has one *report* definition, which
never gains from ties; what published repositories compute instead is in `evaluation/replication.py`.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
TieRule = Literal["shared", "first", "strict"]


def matching_credits(scores_TK: Floats, ties: TieRule) -> tuple[Floats, Flags]:
    """Credit (T, K-1) in [0, 1] of each trial for gallery sizes 2..K, and whether the right one was tied.

    Column 0 holds the right candidate; gallery size N uses the first N columns. With `shared` (the
    report definition) a right candidate that ties with t others at the top earns 1 / (t + 1): what a
    draw by lot earns on average. `first` gives it all (argmax of SSoS eval.py and vfal-eva 1:N), and
    `strict` gives it nothing (vfal-eva 1:2, SSoS validation).

    >>> credits, tied = matching_credits(np.array([[0.5, 0.1, 0.5], [0.2, 0.9, 0.1]]), "shared")
    >>> credits.tolist(), tied.tolist()
    ([[1.0, 0.5], [0.0, 0.0]], [[False, True], [False, False]])
    """
    right_T1, wrong = scores_TK[:, :1], scores_TK[:, 1:]
    on_top = np.cumsum(wrong > right_T1, axis=1) == 0
    equal = np.cumsum(wrong == right_T1, axis=1)
    tied = on_top & (equal > 0)
    if ties == "shared":
        return np.where(on_top, 1.0 / (1.0 + equal), 0.0), tied
    return (on_top if ties == "first" else on_top & ~tied).astype(np.float64), tied


def roc(scores_T: Floats, same_T: Flags) -> tuple[Floats, Floats, Floats]:
    """The ROC: false acceptance ratio, true acceptance ratio and threshold, one point per distinct score.

    Starts at (0, 0) with an infinite threshold and ends at (1, 1); a trial is accepted when its score is
    at least the threshold. Both kinds of trial must be there (else the ratios are NaN).

    >>> far, tar, threshold = roc(np.array([0.9, 0.8, 0.3]), np.array([True, False, True]))
    >>> far.tolist(), tar.tolist(), threshold.tolist()
    ([0.0, 0.0, 1.0, 1.0], [0.0, 0.5, 0.5, 1.0], [inf, 0.9, 0.8, 0.3])
    """
    order = np.argsort(-scores_T, kind="stable")
    ranked, same = scores_T[order], same_T[order]
    last_of_run = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    accepted_same = np.cumsum(same)[last_of_run]
    accepted_other = last_of_run + 1 - accepted_same
    with np.errstate(invalid="ignore"):
        far = np.append(0.0, accepted_other / accepted_other[-1])
        tar = np.append(0.0, accepted_same / accepted_same[-1])
    return far, tar, np.append(np.inf, ranked[last_of_run])


def auc(scores_T: Floats, same_T: Flags) -> float:
    """Area under the ROC: the chance that a same-identity trial outscores another; ties count a half.

    >>> auc(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False]))
    0.875
    """
    far, tar, _ = roc(scores_T, same_T)
    return float(np.sum(np.diff(far) * (tar[1:] + tar[:-1]) / 2))


def eer(scores_T: Floats, same_T: Flags) -> float:
    """Equal error rate in [0, 1]: where false acceptance equals false rejection on the plain ROC.

    The ROC's points are joined by straight lines (no convex hull); the value is read where the line
    crosses FAR = FRR. Along a tie the line runs diagonally, so ties gain nothing.

    >>> eer(np.array([0.9, 0.8, 0.3, 0.1]), np.array([True, False, True, False]))
    0.5
    >>> eer(np.array([1.0, 1.0]), np.array([True, False]))
    0.5
    """
    far, tar, _ = roc(scores_T, same_T)
    return float(equal_error(far[None], 1.0 - tar[None])[0])


def min_dcf(scores_T: Floats, same_T: Flags, *, target_ratio: float) -> float:
    """Least detection cost over all thresholds, as a share of the cost of not listening at all (NIST SRE).

    `target_ratio` is the assumed share of same-person trials; both kinds of error cost 1. In [0, 1].

    >>> min_dcf(np.array([0.9, 0.8, 0.3, 0.1]), np.array([True, False, True, False]), target_ratio=0.5)
    0.5
    """
    far, tar, _ = roc(scores_T, same_T)
    return float(least_cost(far[None], 1.0 - tar[None], target_ratio=target_ratio)[0])


def least_cost(far_RG: Floats, frr_RG: Floats, *, target_ratio: float) -> Floats:
    """The least detection cost (R,) on each row's ROC points. NaN rows stay NaN."""
    cost_RG = target_ratio * frr_RG + (1.0 - target_ratio) * far_RG
    return np.asarray(cost_RG.min(axis=1) / min(target_ratio, 1.0 - target_ratio))


def equal_error(far_RG: Floats, frr_RG: Floats) -> Floats:
    """Where FAR = FRR on each row's polyline; FAR rises and FRR falls along G. NaN rows stay NaN."""
    gap_RG = far_RG - frr_RG
    after = np.argmax(gap_RG >= 0, axis=1)  # the row starts at FAR 0, FRR 1 and ends at FAR 1, FRR 0
    before = np.maximum(after - 1, 0)
    rows = np.arange(len(far_RG))
    gap_before, gap_after = gap_RG[rows, before], gap_RG[rows, after]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(after == before, 0.0, -gap_before / (gap_after - gap_before))
        crossing = far_RG[rows, before] + part * (far_RG[rows, after] - far_RG[rows, before])
    return np.where(np.isnan(gap_RG[:, -1]), np.nan, crossing)


def relevant_ranks(scores_M: Floats, relevant_M: Flags) -> tuple[Integers, bool]:
    """Ranks (R,), from 1, of the relevant items in falling order of score, and whether ties mattered.

    An irrelevant item of equal score is ranked before the relevant one.

    >>> relevant_ranks(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, False, True, False]))
    (array([1, 3]), True)
    """
    ascending_M, relevant_R = np.sort(scores_M), np.sort(scores_M[relevant_M])
    size, relevant = len(ascending_M), len(relevant_R)
    first_equal = np.searchsorted(ascending_M, relevant_R, side="left")
    at_least_as_good = size - first_equal
    relevant_at_least = relevant - np.searchsorted(relevant_R, relevant_R, side="left")
    ranks = np.arange(relevant, 0, -1) + at_least_as_good - relevant_at_least
    beyond_equal = np.searchsorted(ascending_M, relevant_R, side="right")
    equal_relevant = np.searchsorted(relevant_R, relevant_R, side="right") - (relevant - relevant_at_least)
    tied = bool(np.any(beyond_equal - first_equal > equal_relevant))
    return ranks[::-1].astype(np.int64), tied


def average_precision(ranks_R: Integers) -> float:
    """Average precision in [0, 1] of relevant items at `ranks_R` (rising, from 1): the mean of k / rank_k.

    >>> average_precision(np.array([1, 4]))
    0.75
    """
    return float((np.arange(1, len(ranks_R) + 1) / ranks_R).mean())


def chance_average_precision(relevant_N: Integers, gallery_N: Integers) -> Floats:
    """Expected average precision of a random order, exact, for R relevant items of M.

    E[AP] = (H_M + (R - 1) / (M - 1) (M - H_M)) / M, with the harmonic number H_M.

    >>> float(chance_average_precision(np.array([1]), np.array([2]))[0])
    0.75
    """
    sizes, place = np.unique(gallery_N, return_inverse=True)
    harmonic_N = np.array([np.sum(1.0 / np.arange(1, size + 1)) for size in sizes])[place]
    slope_N = (relevant_N - 1) / np.maximum(gallery_N - 1, 1)
    return np.asarray((harmonic_N + slope_N * (gallery_N - harmonic_N)) / gallery_N)


def chance_recall(relevant_N: Integers, gallery_N: Integers, k: int) -> Floats:
    """Chance that one of R relevant items of M is among the first k of a random order.

    >>> chance_recall(np.array([1, 3]), np.array([4, 4]), 2).tolist()
    [0.5, 1.0]
    """
    missed_N = np.ones(len(relevant_N))
    for drawn in range(k):
        left_N = np.maximum(gallery_N - drawn, 1)
        missed_N *= np.maximum(gallery_N - relevant_N - drawn, 0) / left_N
    return np.asarray(1.0 - missed_N)
