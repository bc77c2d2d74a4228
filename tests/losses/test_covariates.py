import math

import pytest
import torch

from vfal.losses.covariates import known_cross_entropy


def test_the_loss_of_a_known_label_is_minus_the_log_of_its_probability() -> None:
    logits_BC = torch.tensor([[0.5, -1.0, 2.0], [1.0, 1.0, 1.0]], dtype=torch.float64)
    expected = []
    for row, label in zip(logits_BC.tolist(), [2, 0], strict=True):
        expected.append(-math.log(math.exp(row[label]) / sum(math.exp(value) for value in row)))
    assert known_cross_entropy(logits_BC, torch.tensor([2, 0])).tolist() == pytest.approx(expected, rel=1e-12)


def test_an_unknown_label_costs_nothing_and_teaches_nothing() -> None:
    logits_BC = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    loss_B = known_cross_entropy(logits_BC, torch.tensor([1, -1, 3]))
    loss_B.sum().backward()
    assert logits_BC.grad is not None
    assert loss_B[1] == 0 and bool((loss_B[[0, 2]] > 0).all())
    assert logits_BC.grad[1].abs().max() == 0


def test_a_batch_in_which_nothing_is_known_costs_zero_not_nan() -> None:
    assert known_cross_entropy(torch.randn(3, 2), torch.full((3,), -1)).tolist() == [0, 0, 0]
