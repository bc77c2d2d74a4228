import numpy as np
import pandas as pd
import pytest
import torch

from vfal.core.errors import EmbeddingError
from vfal.evaluation.embeddings import Embeddings
from vfal.evaluation.scoring import Euclidean, Prepared


def embeddings(voices_ND: np.ndarray, faces_MD: np.ndarray) -> Embeddings:
    clips = pd.DataFrame(
        {"clip": range(len(voices_ND)), "identity": [f"p{i}" for i in range(len(voices_ND))]}
    )
    faces = pd.DataFrame({"face": range(len(faces_MD)), "identity": [f"p{i}" for i in range(len(faces_MD))]})
    return Embeddings.of(voices_ND, faces_MD, clips=clips, faces=faces)


def test_scores_are_minus_the_distance_in_either_direction() -> None:
    rng = np.random.default_rng(1)
    voices_ND, faces_MD = (rng.standard_normal((count, 6)).astype(np.float32) for count in (5, 4))
    made = embeddings(voices_ND, faces_MD)
    prepared = Prepared(Euclidean(), made.voices, made.faces)
    wanted = -torch.cdist(torch.from_numpy(voices_ND).double(), torch.from_numpy(faces_MD).double()).numpy()
    assert np.allclose(prepared.matrix("v2f", np.arange(5), np.arange(4)), wanted, atol=1e-9)
    assert np.allclose(prepared.matrix("f2v", np.arange(4), np.arange(5)), wanted.T, atol=1e-9)
    rows, columns = np.array([0, 4, 2]), np.array([3, 0, 1])
    assert np.allclose(prepared.pairs("v2f", rows, columns), wanted[rows, columns], atol=1e-12)
    assert np.allclose(prepared.pairs("f2v", columns, rows), wanted[rows, columns], atol=1e-12)


def test_an_item_is_at_no_distance_from_itself() -> None:
    vectors = np.random.default_rng(2).standard_normal((3, 4)).astype(np.float32) * 1e3
    matrix = Euclidean().matrix(vectors.astype(np.float64), vectors.astype(np.float64))
    assert np.isfinite(matrix).all() and (np.diagonal(matrix) >= -1e-3).all()


def test_embeddings_that_are_all_the_same_are_refused() -> None:
    same = np.ones((3, 4), dtype=np.float32)
    with pytest.raises(EmbeddingError):
        made = embeddings(same, np.random.default_rng(3).standard_normal((3, 4)).astype(np.float32))
        Prepared(Euclidean(), made.voices, made.faces)
