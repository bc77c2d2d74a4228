"""From Euclidean space into the Poincare ball."""

import math

from torch import Tensor

CEILING = 1 - 1e-3  # share of the ball's radius that points keep within


def to_ball(values_BD: Tensor, *, curvature: float, riemannian: bool) -> Tensor:
    """The exponential map at the origin, (B, D): points of the ball of radius 1 / sqrt(curvature).

    Directions stay, lengths r become tanh(sqrt(c) r) / sqrt(c), at most 0.999 of the radius. With
    `riemannian`, gradients are scaled by the inverse metric (1 - c |x|^2)^2 / 4 on their way back.
    Source: hannabdul/paeff:src/nn.py, ToPoincare, after Khrulkov et al., CVPR 2020.
    """
    root = math.sqrt(curvature)
    length_B1 = values_BD.norm(dim=1, keepdim=True).clamp_min(1e-5)
    reach_B1 = (root * length_B1).tanh().clamp_max(CEILING) / root
    points_BD: Tensor = values_BD * (reach_B1 / length_B1)
    if riemannian and points_BD.requires_grad:
        metric_B1 = (1 - curvature * reach_B1.detach().square()).square() / 4
        points_BD.register_hook(lambda gradient_BD: gradient_BD * metric_B1)  # type: ignore[no-untyped-call]
    return points_BD
