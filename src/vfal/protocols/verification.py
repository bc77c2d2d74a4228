"""Verification: are this voice and this face the same person."""

from typing import ClassVar

import numpy as np
import pandas as pd

from vfal.core.types import Direction, Group
from vfal.evaluation.findings import verification_findings
from vfal.metrics import Flags, Floats, roc
from vfal.protocol import Bench, Measurement, Protocol, ProtocolCard


class Verification(Protocol):
    """AUC, EER and least detection cost, with the ROC and the histogram of scores for plots."""

    card: ClassVar = ProtocolCard(
        title="Verification",
        task="verification",
        source="Learnable PINs (Nagrani 2018b); Seeking the Shape of Sound, eval.py: a fair coin per query",
    )

    def measure(self, bench: Bench, direction: Direction, group: Group) -> Measurement:
        """AUC, EER and minDCF; curves `roc` and `scores`."""
        table = bench.trials("verification", direction, group)
        gallery_T1 = table[["candidate"]].to_numpy(dtype=np.int64)
        trials = bench.rows(direction, table["probe"].to_numpy(dtype=np.int64), gallery_T1)
        same_T = table["same"].to_numpy(dtype=bool)[trials.kept]
        if not (same_T.any() and (~same_T).any()):
            return Measurement(
                notes=[
                    *trials.notes(),
                    f"not defined with {same_T.sum()} trials of the same person and {(~same_T).sum()} of two",
                ]
            )
        scores_T = bench.prepared.pairs(direction, trials.probes_T, trials.gallery_TK[:, 0])
        settings = bench.settings
        findings = []
        for part, rows in bench.parts(trials.people_T):
            if same_T[rows].any() and (~same_T[rows]).any():
                findings += verification_findings(
                    scores_T[rows],
                    same_T[rows],
                    trials.people_T[rows],
                    thresholds=settings.interval_thresholds,
                    target_ratio=settings.dcf_target_ratio,
                    part=part,
                )
        curves = {
            "roc": roc_points(scores_T, same_T, points=settings.roc_points),
            "scores": histogram(scores_T, same_T, bins=settings.histogram_bins, limits=bench.scorer.limits),
        }
        return Measurement(findings, curves, trials.notes())


def roc_points(scores_T: Floats, same_T: Flags, *, points: int) -> pd.DataFrame:
    """At most `points` points of the ROC, evenly spread along the curve, both ends kept."""
    far, tar, threshold = roc(scores_T, same_T)
    chosen = np.unique(np.searchsorted(far + tar, np.linspace(0, 2, points)))
    return pd.DataFrame(
        {
            "false_acceptance": far[chosen],
            "true_acceptance": tar[chosen],
            # json and csv know no infinity: the threshold above all scores is given as the highest score
            "threshold": np.minimum(threshold[chosen], scores_T.max()),
        }
    )


def histogram(
    scores_T: Floats, same_T: Flags, *, bins: int, limits: tuple[float, float] | None
) -> pd.DataFrame:
    """Trials of the same and of different people per score bin, from `low` to `high`."""
    low, high = limits or (float(scores_T.min()), float(scores_T.max()))
    clipped = np.clip(scores_T, low, high)  # rounding puts a cosine of 1 a hair above it
    same, edges = np.histogram(clipped[same_T], bins=bins, range=(low, high))
    different, _ = np.histogram(clipped[~same_T], bins=bins, range=(low, high))
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "same": same, "different": different})
