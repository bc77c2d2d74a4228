"""A trained method under the protocols: its embeddings of a split, its scores, its validation."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from vfal.core.config.params import Params
from vfal.core.errors import EmbeddingError
from vfal.core.paths import PREPARED
from vfal.core.tables import read_table
from vfal.core.types import DIRECTIONS, MODALITIES, Direction, Split
from vfal.evaluation.calibration import Calibration, calibrate
from vfal.evaluation.embeddings import Embeddings, Items
from vfal.evaluation.scoring import Cosine, Counts, Euclidean, Scorer
from vfal.method import Method
from vfal.metrics import Floats, matching_credits
from vfal.protocol import Bench
from vfal.training.devices import main_device
from vfal.training.embedding import embed_rows
from vfal.training.material import Material
from vfal.training.shortlists import counts_by_shortlist

PAIRS_SQUARE = 32  # a method scores whole matrices: pairs are the diagonals of squares of this side
TRIALS = ("matching", "verification", "joint_matching")


class MethodScorer(Scorer):
    """Scores by a method's own `score`, for methods that do not score by cosine.

    A method in training mode is a `EmbeddingError`: dropout or batch statistics would make a trial's score
    depend on its neighbours.
    """

    def __init__(self, method: Method) -> None:
        self.method = method

    def prepare(self, items: Items) -> NDArray[np.float32]:
        """Vectors as the method makes them; means of several items come in float64."""
        return items.vectors_ND.astype(np.float32)

    def counts(
        self,
        probes_BD: NDArray[np.float32],
        gallery_MD: NDArray[np.float32],
        spans: list[tuple[int, int]],
        direction: Direction,
    ) -> Counts | None:
        """Retrieval by the method's shortlist, if it keeps one."""
        if self.method.shortlist is None:
            return None
        return counts_by_shortlist(self.method, probes_BD, gallery_MD, spans, direction)

    @torch.no_grad()
    def matrix(self, voices_ND: NDArray[np.float32], faces_MD: NDArray[np.float32]) -> Floats:
        """Scores (N, M) of every voice with every face."""
        device = self._device()
        voices, faces = torch.from_numpy(voices_ND).to(device), torch.from_numpy(faces_MD).to(device)
        return np.asarray(self.method.score(voices, faces).double().cpu())

    @torch.no_grad()
    def pairs(self, voices_PD: NDArray[np.float32], faces_PD: NDArray[np.float32]) -> Floats:
        """Scores (P,) of row i of one with row i of the other."""
        device, replaced = self._device(), type(self.method).score_pairs
        scores = np.empty(len(voices_PD), dtype=np.float64)
        size = PAIRS_SQUARE if replaced is Method.score_pairs else len(scores)
        for start in range(0, len(scores), max(size, 1)):
            part = slice(start, start + size)
            voices, faces = voices_PD[part], faces_PD[part]
            if replaced is Method.score_pairs:
                scores[part] = np.diagonal(self.matrix(voices, faces))
            else:
                rows = torch.from_numpy(voices).to(device), torch.from_numpy(faces).to(device)
                scores[part] = self.method.score_pairs(*rows).double().cpu().numpy()
        return scores

    def _device(self) -> torch.device:
        if self.method.training:
            name = type(self.method).__name__
            raise EmbeddingError(f"{name}: scores are asked for in training mode; call eval() first.")
        return next(self.method.parameters()).device


class MethodComparer(MethodScorer):
    """Asks a method's own `choose`, for methods that compare candidates with each other."""

    compares = True

    @torch.no_grad()
    def choices(
        self, direction: Direction, probes_TD: NDArray[np.float32], candidates_TKD: NDArray[np.float32]
    ) -> Floats:
        """Scores (T, K) of each probe's candidates."""
        device = next(self.method.parameters()).device
        probes, candidates = (
            torch.from_numpy(np.asarray(vectors, dtype=np.float32)).to(device)
            for vectors in (probes_TD, candidates_TKD)
        )
        return np.asarray(self.method.choose(probes, candidates, direction).double().cpu())


def scorer_of(method: Method) -> Scorer:
    """The fast scorers where a method keeps the contract's score, else its own."""
    if type(method).choose is not Method.choose:
        return MethodComparer(method)
    if type(method).score is not Method.score:
        return MethodScorer(method)
    return Cosine() if method.measure == "cosine" else Euclidean()


def embed_split(method: Method, material: Material, identities: list[str], params: Params) -> Embeddings:
    """Embeddings of every clip and face of some identities; bad ones are refused as they are built."""
    device = main_device(params)
    tables, vectors = {}, {}
    for modality in MODALITIES:
        tables[modality] = material.of(set(identities), modality)
        vectors[modality] = embed_rows(
            method,
            method.embed_voices if modality == "voice" else method.embed_faces,
            material.items[modality].inputs,
            tables[modality]["row"].to_numpy(),
            batch_size=params.embed.batch_size,
            machine=params.machine,
            device=device,
            title=f"embed {modality}s",
        )
    return Embeddings.of(vectors["voice"], vectors["face"], clips=tables["voice"], faces=tables["face"])


def read_trials(split: Split) -> dict[str, pd.DataFrame]:
    """The trial lists of a split."""
    return {name: read_table(PREPARED / "trials" / f"{split}_{name}.parquet", ["split"]) for name in TRIALS}


class ValidationAccuracy:
    """1:2 matching accuracy on the validation identities; voice to face chooses the step (SSoS)."""

    def __init__(self, material: Material, params: Params) -> None:
        self.material, self.params = material, params
        self.people = read_table(
            PREPARED / "identities.parquet", ["identity", "gender", "nationality", "split"]
        )
        self.trials = read_trials("val")

    def __call__(self, method: Method) -> float:
        """Accuracy from voice to face in [0, 1]; a tie counts half."""
        return self.by_direction(method, ["v2f"])["v2f"]

    def of_both_directions(self, method: Method) -> float:
        """Mean accuracy of both directions in [0, 1]: what chooses the step of the shelf's models."""
        return sum(self.by_direction(method, DIRECTIONS).values()) / len(DIRECTIONS)

    def by_direction(self, method: Method, directions: Iterable[Direction]) -> dict[Direction, float]:
        """Accuracy of each direction in [0, 1]; a tie counts half."""
        bench = self._bench(method)
        return {direction: _one_of_two(bench, direction) for direction in directions}

    def calibration(self, method: Method) -> Calibration | None:
        """What its scores mean, by the verification trials of both directions on the same identities."""
        bench, scores, same = self._bench(method), [], []
        for direction in DIRECTIONS:
            table = bench.trials("verification", direction, "all")
            gallery_T1 = table[["candidate"]].to_numpy(dtype=np.int64)
            rows = bench.rows(direction, table["probe"].to_numpy(dtype=np.int64), gallery_T1)
            scores.append(bench.prepared.pairs(direction, rows.probes_T, rows.gallery_TK[:, 0]))
            same.append(table["same"].to_numpy(dtype=bool)[rows.kept])
        return calibrate(np.concatenate(scores), np.concatenate(same))

    def _bench(self, method: Method) -> Bench:
        names = self.people.loc[self.people["split"] == "val", "identity"].tolist()
        embeddings = embed_split(method, self.material, names, self.params)
        settings, scorer = self.params.evaluate, scorer_of(method)
        return Bench(embeddings, self.people, self.trials, settings, split="val", scorer=scorer)


def _one_of_two(bench: Bench, direction: Direction) -> float:
    table = bench.trials("matching", direction, "all")
    candidates_T2 = table[["candidate_0", "candidate_1"]].to_numpy(dtype=np.int64)
    rows = bench.rows(direction, table["probe"].to_numpy(dtype=np.int64), candidates_T2)
    scores_T2 = bench.prepared.candidates(direction, rows.probes_T, rows.gallery_TK)
    return float(matching_credits(scores_T2, "shared")[0].mean())
