"""How each published repository turns scores into numbers: ties, float type, distance, labels, EER."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from vfal.evaluation.embeddings import Items
from vfal.evaluation.replication import ApRule, EerRule
from vfal.evaluation.scoring import Scorer
from vfal.metrics import Floats, TieRule


@dataclass(frozen=True)
class Replica:
    """The rules of one repository.

    `ties` are those of lists with two candidates, `larger_ties` of longer ones; `eer` names the equal error
    rates it prints; with `fop_grid` it evaluates on a grid of distances, with labels by row parity.
    """

    source: str
    score: Literal["cosine", "probability", "distance", "squared_distance"]
    dtype: DTypeLike
    norm_floor: float
    ties: TieRule
    larger_ties: TieRule
    ap: ApRule
    eer: tuple[EerRule, ...] = ()
    fop_grid: bool = False


REPLICAS: Mapping[str, Replica] = {
    "ssos": Replica(
        source="KID-7391/seeking-the-shape-of-sound, eval.py",
        score="cosine",
        dtype=np.float32,
        norm_floor=1e-12,
        ties="first",
        larger_ties="first",
        ap="ssos",
    ),
    "cmpc": Replica(
        source="Cocoxili/CMPC, experiments/cmpc; its random crops of voices are not part of scoring",
        score="cosine",
        dtype=np.float32,
        norm_floor=1e-8,
        ties="first",
        larger_ties="first",
        ap="sklearn",
        eer=("cmpc",),
    ),
    "fop": Replica(
        source="msaadsaeed/FOP and SBNet, online_evaluation.py",
        score="squared_distance",
        dtype=np.float32,
        norm_floor=0.0,
        ties="strict",
        larger_ties="first",
        ap="sklearn",
        fop_grid=True,
    ),
    "vfal_eva": Replica(
        source="my-yy/vfal-eva, utils/eva_emb_full.py",
        score="probability",
        dtype=np.float32,
        norm_floor=0.0,
        ties="strict",
        larger_ties="first",
        ap="vfal_eva",
    ),
    "fame": Replica(
        source="mavceleb/mavceleb_baseline, test.py; max: MFV-KSD",
        score="distance",
        dtype=np.float32,
        norm_floor=0.0,
        ties="strict",
        larger_ties="first",
        ap="sklearn",
        eer=("brentq", "max"),
    ),
}


class ReplicaScorer(Scorer):
    """The score of a repository, larger for a better fit (distances are negated)."""

    symmetric = True

    def __init__(self, replica: Replica) -> None:
        self.replica = replica

    def prepare(self, items: Items) -> NDArray[Any]:
        """Vectors in the repository's float type; unit vectors where it takes cosines."""
        vectors_ND = items.vectors_ND.astype(self.replica.dtype)
        if self.replica.score in ("cosine", "probability"):
            norms_N = np.linalg.norm(vectors_ND, axis=1, keepdims=True)
            vectors_ND /= np.maximum(norms_N, np.asarray(self.replica.norm_floor, dtype=vectors_ND.dtype))
        return vectors_ND

    def matrix(self, voices_ND: NDArray[Any], faces_MD: NDArray[Any]) -> Floats:
        """Scores (N, M)."""
        products_NM = voices_ND @ faces_MD.T
        if self.replica.score in ("cosine", "probability"):
            return self._cosine(products_NM)
        squares = (np.einsum("nd,nd->n", side, side) for side in (voices_ND, faces_MD))
        voices_N, faces_M = squares
        return self._distance(np.maximum(voices_N[:, None] + faces_M - 2 * products_NM, 0))

    def pairs(self, voices_PD: NDArray[Any], faces_PD: NDArray[Any]) -> Floats:
        """Scores (P,)."""
        if self.replica.score in ("cosine", "probability"):
            return self._cosine(np.einsum("pd,pd->p", voices_PD, faces_PD))
        return self._distance(np.sum((voices_PD - faces_PD) ** 2, axis=1))

    def _cosine(self, cosines: NDArray[Any]) -> Floats:
        found = (cosines + 1) / 2 if self.replica.score == "probability" else cosines
        return found.astype(np.float64)

    def _distance(self, squares: NDArray[Any]) -> Floats:
        found = np.sqrt(squares) if self.replica.score == "distance" else squares
        return -found.astype(np.float64)


def tie_rule(replica: Replica | None, candidates: int) -> TieRule:
    """What a tie earns in a list of so many candidates."""
    if replica is None:
        return "shared"
    return replica.ties if candidates == 2 else replica.larger_ties


def parity(trials: int) -> NDArray[np.bool_]:
    """FOP's labels: the first row is of one person, the second of two, and so on."""
    return np.asarray(np.arange(trials) % 2 == 0)
