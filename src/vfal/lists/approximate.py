"""Approximate retrieval with faiss: recall@k at sizes where ranking a whole gallery takes too long.

What an approximate search finds is a lower bound, and how low is told with it: `search_recall` is the
share of the true first k, of some probes, that the search found.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vfal.evaluation.evidence import Given, MeanPerTrial
from vfal.evaluation.records import Finding
from vfal.metrics import Integers, chance_recall

CELLS_PER_ROOT = 4  # cells of the index: this many times the square root of the gallery
PROBED_RATIO = 0.1  # of the cells looked into
CHECKED_PROBES = 200  # probes whose true neighbours are found as well


def approximate_findings(
    probes_ND: NDArray[Any],
    people_N: Integers,
    gallery_MD: NDArray[Any],
    people_M: Integers,
    *,
    recall_at: tuple[int, ...],
) -> list[Finding]:
    """recall@k by an inverted-file index over unit vectors, and the recall of the search itself."""
    import faiss  # half a second that exact scoring need not wait for

    probes, gallery = (_units(vectors) for vectors in (probes_ND, gallery_MD))
    cells = max(1, min(int(CELLS_PER_ROOT * len(gallery) ** 0.5), len(gallery) // 39))
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(gallery.shape[1]), gallery.shape[1], cells, faiss.METRIC_INNER_PRODUCT
    )
    index.train(gallery)
    index.add(gallery)
    index.nprobe = max(1, int(PROBED_RATIO * cells))
    most = max(recall_at)
    found_NK = index.search(probes, most)[1]
    checked = np.linspace(0, len(probes) - 1, min(CHECKED_PROBES, len(probes))).astype(np.int64)
    recall = float(np.mean([_found(found_NK[probe], gallery @ probes[probe]) for probe in checked]))
    hit_NK = (people_M[np.maximum(found_NK, 0)] == people_N[:, None]) & (found_NK >= 0)
    who, count = np.unique(people_M, return_counts=True)
    relevant_N, sizes_N = count[np.searchsorted(who, people_N)], np.full(len(people_N), len(people_M))
    found = [
        Finding(
            protocol="retrieval_approximate",
            metric=f"recall_at_{k}",
            evidence=MeanPerTrial(hit_NK[:, :k].any(axis=1).astype(np.float64), people_N),
            chance=float(chance_recall(relevant_N, sizes_N, k).mean()),
            trials=len(people_N),
            ties=0,
            proportion=True,
        )
        for k in recall_at
    ]
    name = f"search_recall_at_{most}"
    return [
        *found,
        Finding("retrieval_approximate", name, Given(recall), 0.0, len(checked), 0, proportion=False),
    ]


def _found(found_K: Integers, scores_M: NDArray[Any]) -> float:
    """Share of the true first K that a search found."""
    first = min(len(found_K), len(scores_M))
    true_K = np.argpartition(-scores_M, first - 1)[:first]
    return float(np.isin(true_K, found_K).mean())


def _units(vectors_ND: NDArray[Any]) -> NDArray[np.float32]:
    vectors = np.ascontiguousarray(vectors_ND, dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
