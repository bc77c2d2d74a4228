"""What published repositories compute, number for number, where it is not the report definition.

Matching differs in ties only: see `metrics.matching_credits`. Verification AUC is the same everywhere
(scikit-learn's, ties a half) except in FOP and SBNet.
"""

from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from vfal.evaluation.ranking import Tally
from vfal.metrics import Flags, Floats, Integers

EerRule = Literal["cmpc", "max", "brentq"]
ApRule = Literal["ssos", "vfal_eva", "sklearn"]

FOP_THRESHOLDS = np.arange(0, 4, 0.01)
FOP_FOLDS = 10


def stable_ranks(scores_M: Floats, relevant_M: Flags) -> Integers:
    """Ranks (R,), from 1, of relevant items where equal scores keep the order of the gallery."""
    order = np.argsort(-scores_M, kind="stable")
    return np.asarray(np.flatnonzero(relevant_M[order]) + 1)


def replicated_average_precision(ranks_R: Integers, rule: ApRule) -> float:
    """Average precision of ranks (from 1, rising), with the rounding of the published loop.

    `ssos` (eval.py:compute_ap) adds up recall steps times precision; `vfal_eva` (map_evaluate.py) adds
    up precisions and divides once. Without relevant items both are 0.
    """
    size = len(ranks_R)
    if size == 0:
        return 0.0
    found_R = np.arange(1, size + 1)
    precision_R = found_R / ranks_R
    # cumsum adds from left to right as a loop does; np.sum adds pairwise and rounds otherwise.
    if rule == "ssos":
        steps_R = found_R / size - (found_R - 1) / size
        return float(np.cumsum(steps_R * precision_R)[-1])
    return float(np.cumsum(precision_R)[-1] / size)


def tallied_average_precision(tally: Tally, rule: ApRule) -> float:
    """Average precision of a ranked probe by the rule of a repository.

    `sklearn` (CMPC: average_precision_score) takes equal scores for one place in the order; the others
    follow the order of an unstable sort there, which nobody can repeat: they get the report's ranks.
    """
    if rule != "sklearn":
        return replicated_average_precision(tally.ranks()[0], rule)
    rising_R = tally.rising_R
    right_at_least_R = len(rising_R) - rising_R.searchsorted(rising_R, side="left")
    return float((right_at_least_R / tally.at_least_R).mean())


def mean_average_precision_at(ranks: list[Integers], k: int) -> float:
    """vfal-eva's mAP@k (map_evaluate.py:fx_calc_map_label): only the first k places count; 0 means all.

    Precisions are averaged over the hits within the first k; a probe without a hit there scores 0.
    """
    kept = [ranks_R[ranks_R <= k] if k else ranks_R for ranks_R in ranks]
    return float(np.mean([replicated_average_precision(ranks_R, "vfal_eva") for ranks_R in kept]))


def replicated_eer(scores_T: NDArray[Any], same_T: NDArray[Any], rule: EerRule) -> float:
    """Equal error rate on scikit-learn's ROC without collinear points.

    `cmpc` (verification.py:get_EER) reads FAR where |FRR - FAR| is least, `max` (MFV-KSD) the larger of
    the two there, `brentq` (FAME test.py) the crossing of the interpolated curve.
    """
    from scipy.interpolate import interp1d
    from scipy.optimize import brentq
    from sklearn import metrics as sklearn_metrics  # half of a light command's start

    far, tar, _ = sklearn_metrics.roc_curve(same_T, scores_T, pos_label=1)
    if rule == "brentq":
        curve = interp1d(far, tar)
        return float(brentq(lambda x: 1.0 - x - curve(x), 0.0, 1.0))
    frr = 1 - tar
    nearest = np.nanargmin(np.abs(frr - far))
    return float(far[nearest] if rule == "cmpc" else max(far[nearest], frr[nearest]))


class FopResult(TypedDict):
    """What `fop_evaluation` finds: ratios per threshold, accuracy per fold, AUC and both EERs."""

    tpr: Floats
    fpr: Floats
    accuracy: Floats
    auc: float
    eer_fop: float
    eer_sbnet: float


def fop_evaluation(distances_T: NDArray[Any], same_T: Flags) -> FopResult:
    """FOP's and SBNet's verification (online_evaluation.py): 10 contiguous folds, 400 thresholds.

    `distances_T` are squared Euclidean, accepted when strictly below a threshold (compared in float64,
    as NumPy 2 does). Ratios are means over folds; each fold's accuracy is taken at the threshold that
    is best on the other nine. EER: false acceptance at the nearest threshold (FOP), or the mean of both
    errors there (SBNet). The labels are the caller's: FOP's own are row parity, wrong for two lists.
    """
    from sklearn import metrics as sklearn_metrics
    from sklearn.model_selection import KFold

    folds = [test for _, test in KFold(FOP_FOLDS, shuffle=False).split(same_T)]
    accepted = [_accepted(distances_T[test], same_T[test]) for test in folds]
    same_FG, other_FG = (np.stack(counts) for counts in zip(*accepted, strict=True))
    same_F, other_F = (np.array([np.sum(flags[test]) for test in folds]) for flags in (same_T, ~same_T))
    right_FG = same_FG + other_F[:, None] - other_FG
    best_F = np.argmax((right_FG.sum(axis=0) - right_FG) / (len(same_T) - same_F - other_F)[:, None], axis=1)
    tpr = np.mean(same_FG / np.maximum(same_F, 1)[:, None], axis=0)
    fpr = np.mean(other_FG / np.maximum(other_F, 1)[:, None], axis=0)
    nearest = np.nanargmin(np.abs(fpr - (1 - tpr)))
    return FopResult(
        tpr=tpr,
        fpr=fpr,
        accuracy=right_FG[np.arange(FOP_FOLDS), best_F] / (same_F + other_F),
        auc=float(sklearn_metrics.auc(fpr, tpr)),
        eer_fop=float(fpr[nearest]),
        eer_sbnet=float((fpr[nearest] + 1 - tpr[nearest]) / 2),
    )


def _accepted(distances_T: NDArray[Any], same_T: Flags) -> tuple[Integers, Integers]:
    """Trials of the same and of different people below each threshold."""
    return tuple(  # type: ignore[return-value]
        np.searchsorted(np.sort(distances_T[chosen].astype(np.float64)), FOP_THRESHOLDS, side="left")
        for chosen in (same_T, ~same_T)
    )
