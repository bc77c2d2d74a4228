"""Findings of the three basic questions, for protocols and for official lists."""

import numpy as np

from vfal.evaluation.evidence import Binned, MeanPerTrial, Separation
from vfal.evaluation.ranking import Ranking
from vfal.evaluation.records import Finding
from vfal.metrics import (
    Flags,
    Floats,
    Integers,
    TieRule,
    chance_average_precision,
    chance_recall,
    matching_credits,
)


def matching_findings(
    scores_TK: Floats,
    filled_TK: Flags,
    people_T: Integers,
    *,
    sizes: tuple[int, ...],
    ties: TieRule = "shared",
    part: str = "",
) -> list[Finding]:
    """Accuracy of each gallery size: the first N columns, column 0 being the right one.

    A trial counts for the sizes whose places are filled; a size without trials has no finding.
    """
    credit, tied = matching_credits(scores_TK, ties)
    found = []
    for size in sizes:
        rows = filled_TK[:, size - 1]
        if not rows.any():
            continue
        found.append(
            Finding(
                protocol=f"matching_1_{size}",
                metric="accuracy",
                evidence=MeanPerTrial(credit[rows, size - 2], people_T[rows]),
                chance=1.0 / size,
                trials=int(rows.sum()),
                ties=int(tied[rows, size - 2].sum()),
                proportion=True,
                part=part,
            )
        )
    return found


def verification_findings(
    scores_T: Floats,
    same_T: Flags,
    people_T: Integers,
    *,
    thresholds: int,
    target_ratio: float,
    part: str = "",
) -> list[Finding]:
    """AUC, EER and minDCF. Both kinds of trial must be there."""
    binned = Binned(scores_T, same_T, people_T, thresholds=thresholds)
    ties = int(np.isin(scores_T[same_T], scores_T[~same_T]).sum())
    measures = {
        "auc": (Separation.auc(scores_T, same_T, binned), 0.5),
        "eer": (Separation.eer(scores_T, same_T, binned), 0.5),
        "min_dcf": (Separation.min_dcf(scores_T, same_T, binned, target_ratio=target_ratio), 1.0),
    }
    return [
        Finding("verification", name, evidence, chance, len(scores_T), ties, proportion=False, part=part)
        for name, (evidence, chance) in measures.items()
    ]


def retrieval_findings(
    ranking: Ranking,
    people_N: Integers,
    *,
    recall_at: tuple[int, ...],
    protocol: str = "retrieval",
    part: str = "",
) -> list[Finding]:
    """mAP and recall at each k."""
    relevant_N, gallery_N = ranking.relevant_N, ranking.gallery_N

    def finding(metric: str, values_N: Floats, chance_N: Floats, *, proportion: bool) -> Finding:
        return Finding(
            protocol=protocol,
            metric=metric,
            evidence=MeanPerTrial(values_N, people_N),
            chance=float(np.mean(chance_N)),
            trials=len(people_N),
            ties=int(ranking.tied_N.sum()),
            proportion=proportion,
            part=part,
        )

    chance_N = chance_average_precision(relevant_N, gallery_N)
    precision = finding("map", ranking.average_precision_N, chance_N, proportion=False)
    recalls = [
        finding(
            f"recall_at_{k}",
            (ranking.first_rank_N <= k).astype(np.float64),
            chance_recall(relevant_N, gallery_N, k),
            proportion=True,
        )
        for k in recall_at
    ]
    return [precision, *recalls]
