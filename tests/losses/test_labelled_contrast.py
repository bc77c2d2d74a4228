import math

import pytest
import torch
from torch.nn.functional import normalize

from vfal.losses.labelled_contrast import labelled_contrast


def test_it_is_the_printed_pair_loss_averaged_over_each_anchors_pairs() -> None:
    torch.manual_seed(1)
    vectors_ND, labels = torch.randn(6, 3, dtype=torch.float64), [0, 1, 0, 2, 1, 0]
    found_N = labelled_contrast(vectors_ND, torch.tensor(labels), margin=1.2)
    units = normalize(vectors_ND, dim=1).tolist()
    for i, own in enumerate(labels):
        near = [math.dist(units[i], units[j]) ** 2 for j in range(6) if labels[j] == own and j != i]
        far = [max(0.0, 1.2 - math.dist(units[i], units[j])) ** 2 for j in range(6) if labels[j] != own]
        wanted = 0.5 * (sum(near) / max(len(near), 1) + sum(far) / len(far))
        assert float(found_N[i]) == pytest.approx(wanted, rel=1e-9)


def test_pairs_as_they_should_be_cost_nothing() -> None:
    vectors_ND = torch.tensor([[2.0, 0.0], [-1.0, 0.0], [3.0, 0.0], [-4.0, 0.0]])
    assert labelled_contrast(vectors_ND, torch.tensor([0, 1, 0, 1]), margin=2.0).tolist() == [0.0] * 4


def test_its_slopes_are_finite_where_vectors_coincide() -> None:
    same_ND = torch.ones(4, 3, requires_grad=True)
    labelled_contrast(same_ND, torch.tensor([0, 0, 1, 1]), margin=1.0).sum().backward()
    assert same_ND.grad is not None and torch.isfinite(same_ND.grad).all()
