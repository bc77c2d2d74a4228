import math

import pytest
import torch
from torch.nn.functional import normalize

from vfal.nn.poincare import to_ball


def test_points_lie_in_the_ball_in_the_direction_they_came_from() -> None:
    torch.manual_seed(0)
    values_BD = 100 * torch.randn(20, 5).double()
    points_BD = to_ball(values_BD, curvature=0.25, riemannian=False)
    assert (points_BD.norm(dim=1) <= 0.999 / 0.5 + 1e-12).all()
    torch.testing.assert_close(normalize(points_BD), normalize(values_BD))


def test_lengths_follow_the_exponential_map_at_the_origin() -> None:
    values_BD = torch.tensor([[0.3, 0.4], [0.0, 2.0]], dtype=torch.float64)
    found_B = to_ball(values_BD, curvature=0.09, riemannian=True).norm(dim=1)
    expected = [math.tanh(0.3 * length) / 0.3 for length in (0.5, 2.0)]
    assert found_B.tolist() == pytest.approx(expected, rel=1e-12)


def test_distance_to_the_origin_in_the_ball_is_twice_the_length_mapped() -> None:
    length = (
        to_ball(torch.tensor([[0.0, 1.7]], dtype=torch.float64), curvature=0.05, riemannian=False)
        .norm()
        .item()
    )
    root = math.sqrt(0.05)
    assert 2 / root * math.atanh(root * length) == pytest.approx(2 * 1.7, rel=1e-9)


def test_on_unit_vectors_the_ball_does_no_more_than_scale() -> None:
    torch.manual_seed(0)
    unit_BD = normalize(torch.randn(6, 8, dtype=torch.float64))
    points_BD = to_ball(unit_BD, curvature=0.05, riemannian=False)
    factor = math.tanh(math.sqrt(0.05)) / math.sqrt(0.05)
    torch.testing.assert_close(points_BD, factor * unit_BD)
    assert factor == pytest.approx(0.98366, abs=1e-5)


def test_riemannian_gradients_are_scaled_by_the_inverse_metric() -> None:
    values_BD = torch.tensor([[0.6, 0.8], [1.5, -2.0]], dtype=torch.float64)
    gradients = []
    for riemannian in (False, True):
        leaf_BD = values_BD.clone().requires_grad_()
        to_ball(leaf_BD, curvature=0.05, riemannian=riemannian).sum().backward()
        gradients.append(leaf_BD.grad)
    reach_B = to_ball(values_BD, curvature=0.05, riemannian=False).norm(dim=1)
    metric_B1 = (1 - 0.05 * reach_B.square())[:, None].square() / 4
    torch.testing.assert_close(gradients[1], metric_B1 * gradients[0])


def test_the_origin_stays_where_it_is_with_a_finite_gradient() -> None:
    leaf_BD = torch.zeros(2, 3, requires_grad=True)
    points_BD = to_ball(leaf_BD, curvature=0.05, riemannian=True)
    points_BD.sum().backward()
    assert points_BD.abs().max() == 0 and leaf_BD.grad is not None and torch.isfinite(leaf_BD.grad).all()
