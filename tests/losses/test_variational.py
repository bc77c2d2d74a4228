import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from vfal.losses.variational import divergence_from_normal, drawn


def test_the_divergence_is_that_of_the_distributions_summed_over_dimensions() -> None:
    torch.manual_seed(0)
    mean_BD, log_variance_BD = torch.randn(5, 3).double(), torch.randn(5, 3).double()
    exact_BD = kl_divergence(Normal(mean_BD, (0.5 * log_variance_BD).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(divergence_from_normal(mean_BD, log_variance_BD), exact_BD.sum(1))


def test_the_divergence_equals_the_plain_loop_and_is_zero_at_the_prior() -> None:
    mean, log_variance = [0.5, -2.0], [0.3, -1.0]
    expected = sum(0.5 * (m**2 + math.exp(s) - 1 - s) for m, s in zip(mean, log_variance, strict=True))
    found_B = divergence_from_normal(torch.tensor([mean]), torch.tensor([log_variance]))
    assert found_B.item() == pytest.approx(expected, rel=1e-6)
    assert divergence_from_normal(torch.zeros(2, 4), torch.zeros(2, 4)).tolist() == [0, 0]


def test_draws_have_the_mean_and_spread_they_were_asked_for() -> None:
    torch.manual_seed(0)
    draws_BD = drawn(torch.full((20000, 1), 3.0), torch.full((20000, 1), math.log(4.0)))
    assert draws_BD.mean().item() == pytest.approx(3.0, abs=0.05)
    assert draws_BD.std().item() == pytest.approx(2.0, abs=0.05)


def test_a_draw_passes_gradients_to_mean_and_variance() -> None:
    torch.manual_seed(0)
    mean_BD, log_variance_BD = torch.zeros(4, 2, requires_grad=True), torch.zeros(4, 2, requires_grad=True)
    drawn(mean_BD, log_variance_BD).sum().backward()
    assert mean_BD.grad is not None and log_variance_BD.grad is not None
    assert (mean_BD.grad == 1).all() and (log_variance_BD.grad != 0).all()
