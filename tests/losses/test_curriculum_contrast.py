import pytest
import torch
from torch import Tensor

from vfal.losses.curriculum_contrast import (
    chosen_pairs_loss,
    negative_at_rank,
    pair_distances,
    ranks_as_places,
    visited_negatives,
)

# Section 19 of the methods file: the walk over its example at hardness 0.5, (voice, face).
VISITED = {0: [3, 4, 5], 1: [3, 4, 5], 2: [3, 4, 5], 3: [2, 4], 4: [0, 1, 2], 5: [0, 1, 2]}


def example() -> tuple[Tensor, Tensor]:
    i, d = torch.arange(6, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)[None, :]
    return torch.cos(0.5 * i - 0.4 * d), torch.sin(0.7 * i + 0.3 * d**2 + 1)


def chosen(negative_BB: Tensor) -> dict[int, list[int]]:
    return {i: torch.nonzero(row_B)[:, 0].tolist() for i, row_B in enumerate(negative_BB)}


def walk(distance_BB: Tensor, hardness: float) -> dict[int, list[int]]:
    found = {}
    for i, row in enumerate(distance_BB.tolist()):
        order = sorted(range(len(row)), key=lambda j: -row[j])[: int(hardness * len(row))]
        found[i] = sorted(order[: order.index(i)] if i in order else order)
    return found


def test_the_walk_visits_the_negatives_of_the_worked_example() -> None:
    voices_BD, faces_BD = example()
    distance_BB = pair_distances(voices_BD, faces_BD)
    visited_BB = visited_negatives(distance_BB, 0.5)
    assert chosen(visited_BB) == VISITED
    positive_B, negative_B = chosen_pairs_loss(distance_BB, visited_BB, margin=0.6, power=1)
    assert (positive_B + negative_B).mean().item() == pytest.approx(1.6639565, abs=1e-7)
    every_BB = visited_negatives(distance_BB, 1.0)
    positive_B, negative_B = chosen_pairs_loss(distance_BB, every_BB, margin=2.0, power=1)
    assert (positive_B + negative_B).mean().item() == pytest.approx(1.7809927, abs=1e-7)


def test_the_released_selection_of_the_worked_example_has_true_pairs_in_it() -> None:
    voices_BD, faces_BD = example()
    used_BB = ranks_as_places(visited_negatives(pair_distances(voices_BD, faces_BD), 0.5))
    expected = {i: [0, 1] if i == 3 else [0, 1, 2] for i in range(6)}
    assert chosen(used_BB) == expected
    assert used_BB.diagonal().sum() == 3


@pytest.mark.parametrize("hardness", [0.1, 0.3, 0.8, 1.0])
def test_the_walk_equals_a_plain_one_and_spares_who_is_nearer_than_the_partner(hardness: float) -> None:
    torch.manual_seed(0)
    distance_BB = torch.rand(12, 12)
    visited_BB = visited_negatives(distance_BB, hardness)
    assert chosen(visited_BB) == walk(distance_BB, hardness)
    assert (distance_BB > distance_BB.diagonal()[:, None])[visited_BB].all()


def test_one_negative_per_anchor_is_the_hardest_visited() -> None:
    torch.manual_seed(0)
    distance_BB = torch.rand(12, 12)
    visited_BB, one_BB = visited_negatives(distance_BB, 0.5), negative_at_rank(distance_BB, 0.5)
    for row_B, visited_B, one_B in zip(distance_BB, visited_BB, one_BB, strict=True):
        assert one_B.sum() == min(int(visited_B.sum()), 1)
        if one_B.any():
            assert row_B[one_B] == row_B[visited_B].min()


@pytest.mark.parametrize("power", [1, 2])
def test_the_loss_is_a_mean_over_pairs_shared_out_to_the_anchors(power: int) -> None:
    torch.manual_seed(0)
    distance_BB, negative_BB = torch.rand(5, 5).double() * 2, torch.rand(5, 5) < 0.4
    positive_B, negative_B = chosen_pairs_loss(distance_BB, negative_BB, margin=1.0, power=power)
    hinges = [max(0.0, 1.0 - float(distance)) ** power for distance in distance_BB[negative_BB]]
    assert negative_B.mean().item() == pytest.approx(sum(hinges) / len(hinges), rel=1e-12)
    assert positive_B.tolist() == pytest.approx([float(d) ** power for d in distance_BB.diagonal()])
    of_row_2 = [max(0.0, 1.0 - float(d)) ** power for d in distance_BB[2][negative_BB[2]]]
    assert negative_B[2].item() == pytest.approx(5 * sum(of_row_2) / len(hinges), rel=1e-12)


def test_without_negatives_only_pairs_cost_anything_and_equal_points_have_no_slope() -> None:
    points_BD = torch.ones(3, 4, requires_grad=True)
    distance_BB = pair_distances(points_BD, points_BD)
    none_BB = visited_negatives(distance_BB.detach(), 0.0)
    positive_B, negative_B = chosen_pairs_loss(distance_BB, none_BB, margin=1.0, power=1)
    (positive_B + negative_B).sum().backward()
    assert negative_B.tolist() == [0.0] * 3
    assert points_BD.grad is not None and points_BD.grad.abs().max() == 0
