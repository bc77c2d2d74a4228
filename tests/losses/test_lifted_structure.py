import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from vfal.losses.lifted_structure import lifted_structure

IDENTITIES = [0, 1, 2, 0, 1, 3]


def worked_example() -> Tensor:
    """Voices over faces of the worked example in the methods file, section 19."""
    i, d = torch.arange(6, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)[None, :]
    return torch.cat([torch.cos(0.5 * i - 0.4 * d), torch.sin(0.7 * i + 0.3 * d**2 + 1)])


def loop(items_ND: Tensor, identities: list[int]) -> tuple[list[float], int]:
    """Sum of the losses of each item's pairs as an anchor, and the number of all pairs."""
    units, sums, pairs = normalize(items_ND, dim=1), [0.0] * len(items_ND), 0
    for a, anchor in enumerate(units):
        for p, positive in enumerate(units):
            if a == p or identities[a] != identities[p]:
                continue
            others = [unit for unit, who in zip(units, identities, strict=True) if who != identities[a]]
            lifted = sum(math.exp(1 - math.dist(end, n)) for end in (anchor, positive) for n in others)
            sums[a] += max(0.0, math.log(lifted) + math.dist(anchor, positive)) ** 2 / 2
            pairs += 1
    return sums, pairs


def test_the_lifted_structure_loss_equals_the_plain_loop() -> None:
    items_ND, identities = worked_example(), IDENTITIES * 2
    sums, pairs = loop(items_ND, identities)
    found_N = lifted_structure(items_ND, torch.tensor(identities), negative_margin=1.0, positive_margin=0.0)
    assert found_N.tolist() == pytest.approx([12 * value / pairs for value in sums], rel=1e-10)


def test_the_worked_example_comes_out() -> None:
    found_N = lifted_structure(
        worked_example(), torch.tensor(IDENTITIES * 2), negative_margin=1.0, positive_margin=0.0
    )
    assert found_N.mean().item() == pytest.approx(8.2572047, abs=1e-7)


def test_a_batch_of_one_person_costs_nothing_and_has_a_finite_slope() -> None:
    items_ND = worked_example().requires_grad_()
    same_N = torch.zeros(12, dtype=torch.long)
    loss_N = lifted_structure(items_ND, same_N, negative_margin=1.0, positive_margin=0.0)
    loss_N.sum().backward()
    assert loss_N.abs().max() == 0 and items_ND.grad is not None and items_ND.grad.abs().max() == 0


def test_a_batch_without_any_pair_costs_nothing() -> None:
    loss_N = lifted_structure(worked_example(), torch.arange(12), negative_margin=1.0, positive_margin=0.0)
    assert loss_N.tolist() == [0.0] * 12


def test_a_negative_in_the_pairs_own_modality_counts_too() -> None:
    items_ND, identity_N = worked_example(), torch.tensor([*range(6), *range(6)])
    settings = {"negative_margin": 1.0, "positive_margin": 0.0}
    before = lifted_structure(items_ND, identity_N, **settings)[0]
    items_ND[1] = items_ND[0]  # another person's voice moves onto the first one's
    assert lifted_structure(items_ND, identity_N, **settings)[0] > before
