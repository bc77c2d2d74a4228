"""Scores of voices and faces, pair by pair or in blocks of a matrix that is never held whole."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vfal.core.types import GALLERY_OF, PROBE_OF, Direction
from vfal.evaluation.embeddings import Items
from vfal.evaluation.guards import check_directions, check_scores, check_spread
from vfal.metrics import Floats, Integers

Counts = list[tuple[Floats, Integers, Integers]]  # per probe: right scores rising, how many reach and exceed
PAIRS_AT_ONCE = 2048  # of two vectors each: small enough to stay in a core's cache


class Scorer(ABC):
    """How well voices and faces fit; larger is better. Methods that score pairs jointly bring their own.

    `limits` are the least and largest score possible, for histograms; None when there are none. Of a
    `symmetric` one, voices and faces may change places. One that `compares` scores a probe's candidates
    together, by `choices`: they must be asked again when there are fewer of them.
    """

    limits: tuple[float, float] | None = None
    symmetric = False
    compares = False

    def prepare(self, items: Items) -> NDArray[Any]:
        """The vectors that `matrix` and `pairs` are given; done once per modality."""
        return items.vectors_ND

    def counts(
        self,
        probes_BD: NDArray[Any],
        gallery_MD: NDArray[Any],
        spans: list[tuple[int, int]],
        direction: Direction,
    ) -> Counts | None:
        """For scorers that see the whole gallery at once: what `ranking.Tally` holds, per probe of a block.

        `spans` are the places of each probe's right items. None: the scores of
        `matrix` are counted.
        """
        return None

    def choices(self, direction: Direction, probes_TD: NDArray[Any], candidates_TKD: NDArray[Any]) -> Floats:
        """Scores (T, K) of candidates, for scorers that compare; they are comparable within a row only."""
        raise NotImplementedError

    @abstractmethod
    def matrix(self, voices_ND: NDArray[Any], faces_MD: NDArray[Any]) -> Floats:
        """Scores (N, M) of every voice with every face."""

    @abstractmethod
    def pairs(self, voices_PD: NDArray[Any], faces_PD: NDArray[Any]) -> Floats:
        """Scores (P,) of row i of one with row i of the other."""


class Cosine(Scorer):
    """Cosine similarity in float64."""

    limits = (-1.0, 1.0)
    symmetric = True

    def prepare(self, items: Items) -> NDArray[Any]:
        """Unit vectors; a zero vector or a single direction for all is an `EmbeddingError`."""
        units_ND = items.vectors_ND.astype(np.float64)
        norms_N = np.linalg.norm(units_ND, axis=1)
        check_directions(norms_N, items.numbers_N, items.modality)
        units_ND /= norms_N[:, None]
        check_spread(units_ND, items.modality)
        return units_ND

    def matrix(self, voices_ND: NDArray[Any], faces_MD: NDArray[Any]) -> Floats:
        """Dot products of unit vectors."""
        return np.asarray(voices_ND @ faces_MD.T)

    def pairs(self, voices_PD: NDArray[Any], faces_PD: NDArray[Any]) -> Floats:
        """Dot products of unit vectors."""
        return np.asarray(np.einsum("pd,pd->p", voices_PD, faces_PD))


class Euclidean(Scorer):
    """Minus the Euclidean distance, in float64."""

    symmetric = True

    def prepare(self, items: Items) -> NDArray[Any]:
        """Vectors in float64; embeddings that are all the same are an `EmbeddingError`."""
        vectors_ND = items.vectors_ND.astype(np.float64)
        check_spread(vectors_ND, items.modality)
        return vectors_ND

    def matrix(self, voices_ND: NDArray[Any], faces_MD: NDArray[Any]) -> Floats:
        """Minus the distance of every voice to every face, by |v|^2 - 2vf + |f|^2."""
        square_NM = (voices_ND**2).sum(1)[:, None] - 2 * voices_ND @ faces_MD.T + (faces_MD**2).sum(1)
        return np.asarray(-np.sqrt(np.maximum(square_NM, 0.0)))

    def pairs(self, voices_PD: NDArray[Any], faces_PD: NDArray[Any]) -> Floats:
        """Minus the distance of row i to row i."""
        return np.asarray(-np.linalg.norm(voices_PD - faces_PD, axis=1))


class Prepared:
    """Voices and faces of one evaluation, ready to be scored by row."""

    def __init__(self, scorer: Scorer, voices: Items, faces: Items) -> None:
        self.scorer = scorer
        self._vectors = {"voice": scorer.prepare(voices), "face": scorer.prepare(faces)}

    def pairs(self, direction: Direction, probes_P: Integers, galleries_P: Integers) -> Floats:
        """Scores (P,) of probe rows with gallery rows; an `EmbeddingError` when one is not finite."""
        voices, faces = (probes_P, galleries_P) if direction == "v2f" else (galleries_P, probes_P)
        scores = np.empty(len(voices), dtype=np.float64)
        for start in range(0, len(scores), PAIRS_AT_ONCE):
            part = slice(start, start + PAIRS_AT_ONCE)
            scores[part] = self.scorer.pairs(
                self._vectors["voice"][voices[part]], self._vectors["face"][faces[part]]
            )
        check_scores(scores, f"{direction} trials")
        return scores

    def candidates(self, direction: Direction, probes_T: Integers, candidates_TK: Integers) -> Floats:
        """Scores (T, K) of each probe row with its candidates' rows."""
        size = candidates_TK.shape[1]
        if not self.scorer.compares:
            pairs = self.pairs(direction, np.repeat(probes_T, size), candidates_TK.ravel())
            return pairs.reshape(-1, size)
        probes_ND, candidates_MD = self._vectors[PROBE_OF[direction]], self._vectors[GALLERY_OF[direction]]
        scores_TK = np.empty(candidates_TK.shape, dtype=np.float64)
        at_once = max(PAIRS_AT_ONCE // size, 1)
        for start in range(0, len(scores_TK), at_once):
            part = slice(start, start + at_once)
            gallery_TKD = candidates_MD[candidates_TK[part]]
            scores_TK[part] = self.scorer.choices(direction, probes_ND[probes_T[part]], gallery_TKD)
        check_scores(scores_TK, f"{direction} trials")
        return scores_TK

    def counts(
        self, direction: Direction, probes_N: Integers, gallery_M: Integers, spans: list[tuple[int, int]]
    ) -> Counts | None:
        """`Scorer.counts` of probe rows with gallery rows."""
        if type(self.scorer).counts is Scorer.counts:
            return None
        probes_ND, gallery_MD = (
            _rows(self._vectors[side], rows)
            for side, rows in ((PROBE_OF[direction], probes_N), (GALLERY_OF[direction], gallery_M))
        )
        return self.scorer.counts(probes_ND, gallery_MD, spans, direction)

    def matrix(self, direction: Direction, probes_N: Integers, gallery_M: Integers) -> Floats:
        """Scores (N, M) of every probe row with every gallery row; all of them are held, none is checked."""
        probes_ND = _rows(self._vectors[PROBE_OF[direction]], probes_N)
        gallery_MD = _rows(self._vectors[GALLERY_OF[direction]], gallery_M)
        if direction == "v2f" or self.scorer.symmetric:
            scores = self.scorer.matrix(probes_ND, gallery_MD)
        else:
            scores = np.ascontiguousarray(self.scorer.matrix(gallery_MD, probes_ND).T)
        return scores


def _rows(vectors_ND: NDArray[Any], rows: Integers) -> NDArray[Any]:
    """Some rows; neighbours in their order are not copied."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and bool((np.diff(rows) == 1).all()):
        return vectors_ND[rows[0] : rows[-1] + 1]
    return vectors_ND[rows]
