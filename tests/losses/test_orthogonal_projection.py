import pytest
import torch
from torch import Tensor

from vfal.losses.orthogonal_projection import orthogonal_projection


def worked_example() -> tuple[Tensor, Tensor]:
    """Embeddings and identities of the worked example in the methods file, section 19."""
    i, d = torch.arange(6, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)[None, :]
    return torch.sin(0.7 * i + 0.3 * d**2 + 1), torch.tensor([0, 1, 2, 0, 1, 3])


def test_the_mean_gives_the_values_of_the_worked_example() -> None:
    embeddings_BD, identity_B = worked_example()
    for labels_B, expected in ((identity_B, 2.0425000), (torch.arange(6), 1.4504755)):
        found_B = orthogonal_projection(embeddings_BD, labels_B, negative_weight=0.7)
        assert found_B.mean().item() == pytest.approx(expected, abs=1e-7)


def test_the_mean_equals_the_plain_loop_over_pairs() -> None:
    embeddings_BD, identity_B = worked_example()
    together, apart = [], []
    for i, first in enumerate(embeddings_BD):
        for j, second in enumerate(embeddings_BD):
            cosine = float(first @ second / (first.norm() * second.norm()))
            if i != j and identity_B[i] == identity_B[j]:
                together.append(cosine)
            elif identity_B[i] != identity_B[j]:
                apart.append(abs(cosine))
    expected = 1 - sum(together) / (len(together) + 1e-6) + 0.7 * sum(apart) / (len(apart) + 1e-6)
    found_B = orthogonal_projection(embeddings_BD, identity_B, negative_weight=0.7)
    assert found_B.mean().item() == pytest.approx(expected, rel=1e-12)


def test_with_everybody_once_it_only_pushes_apart() -> None:
    found_B = orthogonal_projection(torch.eye(4), torch.arange(4), negative_weight=0.7)
    assert found_B.tolist() == [1, 1, 1, 1]  # nothing can be pulled together, and nothing is left to push
    embeddings_BD, _ = worked_example()
    assert orthogonal_projection(embeddings_BD, torch.arange(6), negative_weight=0.7).min() > 1


def test_each_item_pays_for_its_own_pairs() -> None:
    embeddings_BD = torch.eye(4)
    embeddings_BD[3] = embeddings_BD[2]  # two people in one place
    found_B = orthogonal_projection(embeddings_BD, torch.arange(4), negative_weight=0.7)
    assert (found_B[:2] == 1).all() and (found_B[2:] > 1.2).all()
