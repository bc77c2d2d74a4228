import numpy as np
import pandas as pd
import pytest

from vfal.core.errors import EmbeddingError
from vfal.evaluation.embeddings import Embeddings, Items
from vfal.evaluation.guards import check_scores
from vfal.evaluation.scoring import Cosine


def build(voices: np.ndarray, faces: np.ndarray) -> Embeddings:
    clips = pd.DataFrame({"clip": [10, 11, 12], "identity": ["a", "a", "b"]})
    pictures = pd.DataFrame({"face": [5, 6], "identity": ["a", "b"]})
    return Embeddings.of(voices, faces, clips=clips, faces=pictures)


GOOD = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_good_embeddings_know_their_items():
    embeddings = build(GOOD, GOOD[:2])
    assert embeddings["voice"].rows(np.array([[12, 10], [99, -1]])).tolist() == [[2, 0], [-1, -1]]
    assert embeddings["face"].identities_N.tolist() == ["a", "b"]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_embeddings_that_are_not_finite_are_named(bad):
    voices = GOOD.copy()
    voices[1, 2] = bad
    with pytest.raises(
        EmbeddingError, match=r"voice embeddings: 1 of 3 rows hold NaN or infinity, first clip 11"
    ):
        build(voices, GOOD[:2])


def test_a_model_that_ignores_its_input_is_refused():
    with pytest.raises(EmbeddingError, match="face embeddings: all 2 rows are the same"):
        build(GOOD, np.full((2, 4), 0.3, dtype=np.float32) + np.array([[0], [1e-8]], dtype=np.float32))


def test_embeddings_along_one_direction_have_no_cosine_to_tell_them_apart():
    items = Items("voice", np.arange(3), np.array(["a", "b", "c"]), np.array([[1.0, 2], [2, 4], [3, 6]]))
    with pytest.raises(EmbeddingError, match="voice embeddings: all 3 rows are the same"):
        Cosine().prepare(items)


def test_an_embedding_of_length_zero_is_named():
    items = Items("face", np.array([7, 8]), np.array(["a", "b"]), np.array([[1.0, 2], [0, 0]]))
    with pytest.raises(EmbeddingError, match=r"face embeddings: 1 of 2 rows are zero .* first face 8"):
        Cosine().prepare(items)


@pytest.mark.parametrize(
    ("voices", "message"),
    [
        (GOOD[:2], "2 rows for 3 clips"),
        (GOOD[0], r"shape \(4,\)"),
        (GOOD.astype(int), "type int64"),
        (GOOD[:, :0], r"shape \(3, 0\)"),
    ],
)
def test_embeddings_of_the_wrong_size_or_type_are_refused(voices, message):
    with pytest.raises(EmbeddingError, match=message):
        build(voices, GOOD[:2])


def test_scores_that_are_not_finite_are_counted():
    with pytest.raises(EmbeddingError, match="v2f trials: 1 of 2 scores"):
        check_scores(np.array([0.0, np.nan]), "v2f trials")
