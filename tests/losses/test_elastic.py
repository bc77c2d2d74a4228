import math
from itertools import product

import pytest
import torch
from torch import Tensor

from vfal.losses.elastic import elastic_ranking, rolled_places


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


def loop(probes: Tensor, matches: Tensor, mismatches: Tensor, usable: Tensor, margin: float) -> list[float]:
    """The elastic ranking loss, written item by item."""
    losses = []
    for x, y, others, good in zip(probes, matches, mismatches, usable, strict=True):
        kept = [z for z, use in zip(others, good.tolist(), strict=True) if use]
        total = 0.0
        for end in (x, y):
            excess = [math.exp(margin + math.dist(x, y) - math.dist(end, z)) for z in kept]
            total += math.log(1 + sum(excess) / len(excess)) if excess else 0.0
        losses.append(total)
    return losses


@pytest.mark.parametrize(("mismatches", "margin"), [*product([1, 4], [0.0, 1.0, 3.0])])
def test_the_elastic_loss_equals_the_plain_loop(mismatches: int, margin: float) -> None:
    probes, matches, others = drawn(5, 6), drawn(5, 7)[:, :6], drawn(5, mismatches, 6)
    usable = drawn(5, mismatches) > -0.5
    found_B = elastic_ranking(probes, matches, others, usable, margin=margin)
    assert found_B.tolist() == pytest.approx(loop(probes, matches, others, usable, margin), rel=1e-12)


def test_repeating_the_mismatches_does_not_change_the_loss() -> None:
    probes, matches, others = drawn(4, 3), drawn(4, 5)[:, :3], drawn(4, 2, 3)
    once, thrice = others, others.repeat(1, 3, 1)
    losses = [
        elastic_ranking(probes, matches, z, torch.ones(z.shape[:2], dtype=torch.bool), margin=1.0)
        for z in (once, thrice)
    ]
    torch.testing.assert_close(losses[0], losses[1])


def test_a_mismatch_near_the_match_costs_though_the_probe_is_far_from_it() -> None:
    probe, match = torch.tensor([[0.0, 0.0]]), torch.tensor([[5.0, 0.0]])
    usable = torch.ones(1, 1, dtype=torch.bool)
    near_the_match, apart = torch.tensor([[[10.0, 0.0]]]), torch.tensor([[[5.0, 50.0]]])
    costs = [elastic_ranking(probe, match, z, usable, margin=1.0).item() for z in (near_the_match, apart)]
    assert costs[0] > 1.3 > costs[1]


def test_an_item_without_a_usable_mismatch_costs_zero_and_has_a_finite_gradient() -> None:
    probes = drawn(2, 3).requires_grad_()
    usable = torch.tensor([[False, False], [True, False]])
    loss_B = elastic_ranking(probes, drawn(2, 4)[:, :3], drawn(2, 2, 3), usable, margin=1.0)
    loss_B.sum().backward()
    assert loss_B[0] == 0 and loss_B[1] > 0
    assert probes.grad is not None and probes.grad[0].abs().max() == 0 and probes.grad.isfinite().all()


def test_two_items_at_one_place_have_a_finite_gradient() -> None:
    same = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    usable = torch.ones(1, 1, dtype=torch.bool)
    elastic_ranking(same, same, same[:, None], usable, margin=1.0).sum().backward()
    assert same.grad is not None and same.grad.isfinite().all()


def test_nobody_is_drawn_twice_for_a_probe_nor_against_itself_and_everybody_equally_often() -> None:
    torch.manual_seed(3)
    places_BK = rolled_places(8, 5)
    assert places_BK.shape == (8, 5)
    assert all(len({row, *places.tolist()}) == 6 for row, places in enumerate(places_BK))
    assert torch.bincount(places_BK.flatten(), minlength=8).tolist() == [5] * 8
