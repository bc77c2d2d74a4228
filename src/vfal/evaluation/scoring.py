"""Scores of voices and faces, pair by pair or in blocks of a matrix that is never held whole."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vfal.core.types import Direction
from vfal.evaluation.embeddings import Items
from vfal.evaluation.guards import check_directions, check_scores, check_spread
from vfal.metrics import Floats, Integers

PAIRS_AT_ONCE = 2048  # of two vectors each: small enough to stay in a core's cache


class Scorer(ABC):
    """How well voices and faces fit; larger is better. Methods that score pairs jointly bring their own.

    `limits` are the least and largest score possible, for histograms; None when there are none.
    """

    limits: tuple[float, float] | None = None

    def prepare(self, items: Items) -> NDArray[Any]:
        """The vectors that `matrix` and `pairs` are given; done once per modality."""
        return items.vectors_ND

    @abstractmethod
    def matrix(self, voices_ND: NDArray[Any], faces_MD: NDArray[Any]) -> Floats:
        """Scores (N, M) of every voice with every face."""

    @abstractmethod
    def pairs(self, voices_PD: NDArray[Any], faces_PD: NDArray[Any]) -> Floats:
        """Scores (P,) of row i of one with row i of the other."""


class Cosine(Scorer):
    """Cosine similarity in float64."""

    limits = (-1.0, 1.0)

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
        return self.pairs(direction, np.repeat(probes_T, size), candidates_TK.ravel()).reshape(-1, size)

    def blocks(
        self, direction: Direction, probes_N: Integers, gallery_M: Integers, *, block_scores: int
    ) -> Iterator[tuple[slice, Floats]]:
        """Blocks of the matrix of probe rows by gallery rows, each of about `block_scores` scores."""
        rows_at_once = max(1, block_scores // max(1, len(gallery_M)))
        probe, gallery = ("voice", "face") if direction == "v2f" else ("face", "voice")
        gallery_MD = self._vectors[gallery][gallery_M]
        for start in range(0, len(probes_N), rows_at_once):
            part = slice(start, start + rows_at_once)
            probes_BD = self._vectors[probe][probes_N[part]]
            if direction == "v2f":
                scores_BM = self.scorer.matrix(probes_BD, gallery_MD)
            else:
                scores_BM = np.ascontiguousarray(self.scorer.matrix(gallery_MD, probes_BD).T)
            check_scores(scores_BM, f"{direction} retrieval")
            yield part, scores_BM
