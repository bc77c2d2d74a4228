import math

import numpy as np
import pytest
import torch

from vfal.nn.separate_prototypes import SeparatePrototypes, most_separate


def by_recursion(dimensions: int) -> np.ndarray:
    """Columns of the published recursion, (dimensions, dimensions + 1)."""
    if dimensions == 1:
        return np.array([[1.0, -1.0]])
    smaller = math.sqrt(1 - 1 / dimensions**2) * by_recursion(dimensions - 1)
    top = np.concatenate([[1.0], np.full(dimensions, -1 / dimensions)])
    return np.concatenate([top[None], np.concatenate([np.zeros((dimensions - 1, 1)), smaller], axis=1)])


@pytest.mark.parametrize("identities", [2, 3, 10, 120])
def test_the_vectors_are_those_of_the_published_recursion(identities: int) -> None:
    found_ID = most_separate(identities).numpy()
    np.testing.assert_allclose(found_ID, by_recursion(identities - 1).T, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("identities", [2, 10, 901])
def test_all_vectors_are_as_far_apart_as_so_many_can_be(identities: int) -> None:
    cosine_II = most_separate(identities) @ most_separate(identities).T
    expected_II = torch.full((identities, identities), -1 / (identities - 1), dtype=torch.float64)
    torch.testing.assert_close(cosine_II, expected_II.fill_diagonal_(1.0), rtol=0, atol=1e-12)


def test_one_person_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="found 1 identities, expected 2 or more"):
        most_separate(1)


def test_nothing_in_the_classifier_learns_or_is_stored() -> None:
    classifier = SeparatePrototypes(7)
    assert not [*classifier.parameters()] and not classifier.state_dict()
    logits_BI = classifier(most_separate(7).float())
    assert (logits_BI.argmax(1) == torch.arange(7)).all()


@pytest.mark.parametrize("identities", [2, 3, 10, 901])
def test_logits_are_products_with_the_vectors(identities: int) -> None:
    torch.manual_seed(1)
    embeddings_BD = torch.randn(5, identities - 1)
    expected_BI = embeddings_BD.double() @ most_separate(identities).T
    found_BI = SeparatePrototypes(identities)(embeddings_BD)
    torch.testing.assert_close(found_BI.double(), expected_BI, rtol=1e-5, atol=1e-5)
