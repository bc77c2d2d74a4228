import math

import pytest
import torch
from torch import Tensor

from vfal.losses.orthogonal_projection import orthogonal_projection


def worked_example() -> tuple[Tensor, Tensor]:
    """Vectors and identities of the worked example in the methods file, section 19."""
    i, d = torch.arange(6, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)[None, :]
    return torch.sin(0.7 * i + 0.3 * d**2 + 1), torch.tensor([0, 1, 2, 0, 1, 3])


def loop(features_BD: Tensor, identities: list[int], weight: float) -> list[float]:
    """Each item's share, pair by pair."""
    rows = [[float(value) for value in row] for row in features_BD]
    count = len(rows)

    def cosine(i: int, j: int) -> float:
        dot = sum(a * b for a, b in zip(rows[i], rows[j], strict=True))
        return dot / math.hypot(*rows[i]) / math.hypot(*rows[j])

    same = [(i, j) for i in range(count) for j in range(count) if i != j and identities[i] == identities[j]]
    other = [(i, j) for i in range(count) for j in range(count) if identities[i] != identities[j]]
    shares = []
    for item in range(count):
        pull = sum(cosine(i, j) for i, j in same if i == item) * count / (len(same) + 1e-6)
        push = sum(abs(cosine(i, j)) for i, j in other if i == item) * count / (len(other) + 1e-6)
        shares.append(1 - pull + weight * push)
    return shares


@pytest.mark.parametrize("weight", [0.0, 0.7, 2.0])
@pytest.mark.parametrize("identities", [[0, 1, 2, 0, 1, 3], [0, 1, 2, 3, 4, 5], [7, 7, 7, 7, 7, 7]])
def test_each_share_equals_the_plain_loop(identities: list[int], weight: float) -> None:
    features_BD, _ = worked_example()
    found_B = orthogonal_projection(features_BD, torch.tensor(identities), negative_weight=weight)
    assert found_B.tolist() == pytest.approx(loop(features_BD, identities, weight), rel=1e-12)


def test_the_mean_gives_the_values_of_the_worked_example() -> None:
    features_BD, identity_B = worked_example()
    found = orthogonal_projection(features_BD, identity_B, negative_weight=0.7).mean()
    assert found.item() == pytest.approx(2.0425, abs=1e-6)
    alone = orthogonal_projection(features_BD, torch.arange(6), negative_weight=0.7).mean()
    assert alone.item() == pytest.approx(1.4504755, abs=1e-6)


def test_people_at_right_angles_who_are_always_themselves_cost_nothing() -> None:
    features_BD = torch.eye(3, dtype=torch.float64).repeat_interleave(2, dim=0) * 5
    identity_B = torch.arange(3).repeat_interleave(2)
    loss_B = orthogonal_projection(features_BD, identity_B, negative_weight=0.7)
    assert loss_B.abs().max() < 1e-5


def test_where_nobody_comes_twice_nothing_pulls() -> None:
    features_BD, _ = worked_example()
    features_BD.requires_grad_()
    loss_B = orthogonal_projection(features_BD, torch.arange(6), negative_weight=0.0)
    loss_B.sum().backward()
    assert loss_B.tolist() == [1.0] * 6
    assert features_BD.grad is not None and features_BD.grad.abs().max() == 0


def test_an_items_share_moves_both_ends_of_its_pairs() -> None:
    features_BD, identity_B = worked_example()
    features_BD.requires_grad_()
    orthogonal_projection(features_BD, identity_B, negative_weight=0.7)[5].backward()
    assert features_BD.grad is not None
    assert (features_BD.grad.abs().sum(dim=1) > 0).all()


def test_the_length_of_a_vector_does_not_matter() -> None:
    features_BD, identity_B = worked_example()
    longer_BD = features_BD * torch.arange(1, 7)[:, None]
    one_B = orthogonal_projection(features_BD, identity_B, negative_weight=0.7)
    torch.testing.assert_close(orthogonal_projection(longer_BD, identity_B, negative_weight=0.7), one_B)
