"""Ranking a gallery for every probe, block by block."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vfal.core.errors import EmbeddingError
from vfal.core.types import GALLERY_OF, PROBE_OF, Direction
from vfal.evaluation.embeddings import Embeddings
from vfal.evaluation.scoring import Prepared, Scorer
from vfal.metrics import Flags, Floats, Integers, average_precision, ranks_among

LEAST_BINS, MOST_BINS = 64, 8192  # bins of `slice_ranks`; the result does not depend on them


@dataclass(frozen=True)
class Ranking:
    """Per probe: average precision, rank (from 1) of the best right item, right items, gallery, ties."""

    average_precision_N: Floats
    first_rank_N: Integers
    relevant_N: Integers
    gallery_N: Integers
    tied_N: Flags


def rank(
    prepared: Prepared,
    direction: Direction,
    probes: tuple[Integers, Integers],
    gallery: tuple[Integers, Integers],
    *,
    block_scores: int,
) -> Ranking:
    """Rank the gallery for each probe; both are given as (rows, people). O(block) memory.

    Every probe's person must have an item in the gallery. A wrong item of equal score goes first.
    """
    order = np.argsort(gallery[1], kind="stable")
    rows_M, people_M = gallery[0][order], gallery[1][order]
    starts = np.searchsorted(people_M, probes[1], side="left")
    stops = np.searchsorted(people_M, probes[1], side="right")
    count = len(probes[0])
    precision, first, tied = np.empty(count), np.empty(count, dtype=np.int64), np.empty(count, dtype=bool)
    for part, scores_BM in prepared.blocks(direction, probes[0], rows_M, block_scores=block_scores):
        for probe, scores_M in enumerate(scores_BM, start=part.start):
            ranks, tied[probe] = slice_ranks(scores_M, slice(starts[probe], stops[probe]))
            precision[probe], first[probe] = average_precision(ranks), ranks[0]
    return Ranking(precision, first, stops - starts, np.full(count, len(rows_M)), tied)


def slice_ranks(scores_M: Floats, relevant: slice) -> tuple[Integers, bool]:
    """`metrics.relevant_ranks` of a slice of the gallery, without sorting the gallery: O(M).

    Scores are dealt into bins of equal width. All of a higher bin go before all of a lower one, so they
    are only counted; the few that share a bin with a right item are sorted.
    """
    bins = min(MOST_BINS, max(LEAST_BINS, len(scores_M)))
    low, high = scores_M.min(), scores_M.max()
    scale = (bins - 1) / (high - low) if high > low else 0.0
    bin_M = ((scores_M - low) * scale).astype(np.intp)
    shared = np.zeros(bins, dtype=bool)
    shared[bin_M[relevant]] = True
    counts = np.bincount(bin_M, minlength=bins)
    counts[shared] = 0
    above = np.cumsum(counts[::-1])[::-1]
    rising = np.argsort(scores_M[relevant], kind="stable")
    ranks, tied = ranks_among(np.sort(scores_M[shared[bin_M]]), scores_M[relevant][rising])
    return ranks + above[bin_M[relevant][rising[::-1]]], tied


def retrieved(
    embeddings: Embeddings, scorer: Scorer, probes: Integers, *, direction: Direction, first: int
) -> pd.DataFrame:
    """The `first` gallery items for some probes: columns probe, rank, item, score, same; best first.

    `probes` are item numbers; one without an embedding is left out. For showing, not for measuring.
    """
    asking, gallery = embeddings[PROBE_OF[direction]], embeddings[GALLERY_OF[direction]]
    rows = asking.rows(probes)
    rows = rows[rows >= 0]
    if not len(rows):
        raise EmbeddingError(f"{direction}: none of the {len(probes)} probes asked for has an embedding.")
    prepared = Prepared(scorer, embeddings.voices, embeddings.faces)
    everything = np.arange(len(gallery.numbers_N))
    scores_NM = np.concatenate(
        [block for _, block in prepared.blocks(direction, rows, everything, block_scores=len(everything))]
    )
    best_NK = np.argsort(-scores_NM, axis=1, kind="stable")[:, :first]
    probe_NK = np.repeat(rows[:, None], best_NK.shape[1], axis=1)
    return pd.DataFrame(
        {
            "probe": asking.numbers_N[probe_NK].ravel(),
            "rank": np.tile(np.arange(1, best_NK.shape[1] + 1), len(rows)),
            "item": gallery.numbers_N[best_NK].ravel(),
            "score": np.take_along_axis(scores_NM, best_NK, axis=1).ravel(),
            "same": (asking.identities_N[probe_NK] == gallery.identities_N[best_NK]).ravel(),
        }
    )
