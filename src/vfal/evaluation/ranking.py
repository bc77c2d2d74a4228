"""Ranking a gallery for every probe, block by block."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from vfal.core.errors import EmbeddingError
from vfal.core.types import GALLERY_OF, PROBE_OF, Direction
from vfal.core.workers import progress_bar, worker_count
from vfal.evaluation.embeddings import Embeddings
from vfal.evaluation.guards import check_scores
from vfal.evaluation.scoring import Prepared, Scorer
from vfal.metrics import Flags, Floats, Integers, average_precision

BINS = 8192  # of `Tally`; the result does not depend on them
GALLERY_AT_ONCE = 32_768  # gallery items scored in one product
ROWS_AT_MOST = 512  # probes scored in one product


@dataclass(frozen=True)
class Ranking:
    """Per probe: average precision, rank (from 1) of the best right item, right items, gallery, ties."""

    average_precision_N: Floats
    first_rank_N: Integers
    relevant_N: Integers
    gallery_N: Integers
    tied_N: Flags

    def take(self, rows: Integers | slice) -> Self:
        """These probes only."""
        return type(self)(*(getattr(self, one.name)[rows] for one in fields(self)))


def joined(rankings: Sequence[Ranking]) -> Ranking:
    """The probes of several rankings, in their order."""
    columns = ([getattr(ranking, one.name) for ranking in rankings] for one in fields(Ranking))
    return Ranking(*(np.concatenate(column) for column in columns))


def rank(
    prepared: Prepared,
    direction: Direction,
    probes: tuple[Integers, Integers],
    gallery: tuple[Integers, Integers],
    *,
    block_scores: int,
    precision_of: "Callable[[Tally], float] | None" = None,
) -> Ranking:
    """Rank the gallery for each probe; both are given as (rows, people).

    At most `block_scores` scores (but always one row of `GALLERY_AT_ONCE`) are held at a time, by all
    threads together, whatever the size of the gallery; the work grows with probes times gallery. Every
    probe's person must have an item in the gallery. A wrong item of equal score goes first.
    `precision_of` replaces the average precision of the report.
    """
    asking, asked = (np.argsort(people, kind="stable") for _, people in (probes, gallery))
    rows_N, people_N = probes[0][asking], probes[1][asking]
    rows_M, people_M = gallery[0][asked], gallery[1][asked]
    starts, stops = (np.searchsorted(people_M, people_N, side=side) for side in ("left", "right"))
    count = len(rows_N)
    precision, first, tied = np.empty(count), np.empty(count, dtype=np.int64), np.empty(count, dtype=bool)
    threads = worker_count(0)
    height = max(1, min(ROWS_AT_MOST, block_scores // (threads * min(len(rows_M), GALLERY_AT_ONCE))))

    def work(part: slice) -> int:
        spans = list(zip(starts[part].tolist(), stops[part].tolist(), strict=True))
        for probe, tally in enumerate(
            _tallies(prepared, direction, rows_N[part], rows_M, spans), start=part.start
        ):
            ranks, tied[probe] = tally.ranks()
            precision[probe] = precision_of(tally) if precision_of else average_precision(ranks)
            first[probe] = ranks[0]
        return len(spans)

    parts = [slice(start, min(start + height, count)) for start in range(0, count, height)]
    with progress_bar() as bar, threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        done = bar.add_task(f"rank {direction}", total=count)
        for probes_done in pool.map(work, parts):
            bar.advance(done, probes_done)
    back = np.empty(count, dtype=np.int64)
    back[asking] = np.arange(count)
    sizes = np.full(count, len(rows_M))
    return Ranking(precision[back], first[back], (stops - starts)[back], sizes, tied[back])


def _tallies(
    prepared: Prepared,
    direction: Direction,
    rows_B: Integers,
    rows_M: Integers,
    spans: list[tuple[int, int]],
) -> Iterator["Tally"]:
    """The tally of each probe of a block; `spans` are the places of its right items in the gallery.

    Blocks that hold right items are scored first, because a tally starts from the right items' scores;
    they are kept, so that each score is computed once and its rounding is the same everywhere.
    """
    if (counts := prepared.counts(direction, rows_B, rows_M, spans)) is not None:
        yield from (Tally(*counted) for counted in counts)
        return
    blocks = [slice(start, start + GALLERY_AT_ONCE) for start in range(0, len(rows_M), GALLERY_AT_ONCE)]
    first, last = min(start for start, _ in spans), max(stop for _, stop in spans)
    near = [block for block in blocks if block.start < last and block.stop > first]
    scored = [prepared.matrix(direction, rows_B, rows_M[block]) for block in near]
    tallies = []
    for probe, (start, stop) in enumerate(spans):
        right = [
            scores_BM[probe, max(start - block.start, 0) : max(stop - block.start, 0)]
            for block, scores_BM in zip(near, scored, strict=True)
        ]
        tallies.append(Tally(np.sort(np.concatenate(right))))
    for block in blocks:
        scores_BM = (
            scored[near.index(block)] if block in near else prepared.matrix(direction, rows_B, rows_M[block])
        )
        for tally, scores_M in zip(tallies, scores_BM, strict=True):
            tally.add(scores_M)
    yield from tallies


class Tally:
    """How many items of a gallery score at least, and more than, each of a probe's right items."""

    def __init__(
        self, rising_R: Floats, at_least_R: Integers | None = None, above_R: Integers | None = None
    ) -> None:
        """Counts begin at zero unless a device has counted already."""
        zeros = np.zeros(len(rising_R), dtype=np.int64)
        self.rising_R = rising_R
        self.at_least_R = zeros if at_least_R is None else at_least_R
        self.above_R = zeros.copy() if above_R is None else above_R

    def add(self, scores_M: Floats) -> None:
        """Count a part of the gallery, without sorting it: O(M).

        Scores are dealt into bins of equal width. All of a higher bin go before all of a lower one, so
        they are only counted; the few that share a bin with a right item are sorted.
        """
        low, high = float(scores_M.min()), float(scores_M.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            check_scores(scores_M, "retrieval")
        scale = (BINS - 4) / (high - low) if high - low > np.finfo(np.float32).tiny else 0.0
        # A rising function of the score, so that order is kept; the outer bins are for what lies outside.
        place_M = scores_M - low  # first, or nearly equal scores would lose all their digits
        place_M *= scale
        place_M += 2.0
        bin_M = place_M.astype(np.intp)
        bin_R = np.clip((self.rising_R - low) * scale + 2.0, 0, BINS - 1).astype(np.intp)
        shared = np.zeros(BINS, dtype=bool)
        shared[bin_R] = True
        near = scores_M[np.flatnonzero(shared.take(bin_M))]
        near.sort()
        counts = np.bincount(bin_M, minlength=BINS)
        counts[bin_R] = 0
        higher_R = len(scores_M) - np.cumsum(counts)[bin_R]  # in higher bins, and all of `near`
        self.at_least_R += higher_R - near.searchsorted(self.rising_R, side="left")
        self.above_R += higher_R - near.searchsorted(self.rising_R, side="right")

    def ranks(self) -> tuple[Integers, bool]:
        """Ranks (R,) of the right items, from 1 and rising, and whether a wrong item ties with one.

        As `metrics.relevant_ranks`: wrong items of equal score go first.
        """
        rising_R, size = self.rising_R, len(self.rising_R)
        right_at_least_R = size - rising_R.searchsorted(rising_R, side="left")
        right_above_R = size - rising_R.searchsorted(rising_R, side="right")
        tied = (self.at_least_R - self.above_R) > (right_at_least_R - right_above_R)
        ranks_R = np.arange(size, 0, -1) + self.at_least_R - right_at_least_R
        return ranks_R[::-1], bool(tied.any())


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
    scores_NM = prepared.matrix(direction, rows, np.arange(len(gallery.numbers_N)))
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
