import math

import pytest
import torch
from torch import Tensor

from vfal.losses.regauging import regauging, two_sided_regauging

SETTINGS = {"believed_above": 0.15, "margin": 0.2, "slack": 0.15}


def drawn(seed: int) -> Tensor:
    torch.manual_seed(seed)
    return torch.randn(7, 3, dtype=torch.float64)


def loop(
    anchors: Tensor, candidates: Tensor, believed_above: float, margin: float, slack: float
) -> list[float]:
    """One side of re-gauging, written triplet by triplet."""

    def cosine(a: Tensor, b: Tensor) -> float:
        return float(a @ b) / (math.hypot(*a.tolist()) * math.hypot(*b.tolist()))

    losses = []
    for i, anchor in enumerate(anchors):
        own, costs = cosine(anchor, candidates[i]), []
        for j, candidate in enumerate(candidates):
            wrong, alike = cosine(anchor, candidate), cosine(candidates[i], candidate)
            if j != i and wrong - own + margin > 0:
                costs.append(
                    wrong - own + margin + max(alike + slack - own, 0) + max(wrong - alike + slack, 0)
                )
        losses.append(sum(costs) / len(costs) if costs and own > believed_above else 0.0)
    return losses


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_regauging_equals_the_plain_loop(seed: int) -> None:
    anchors = drawn(seed)
    candidates = anchors + 0.7 * drawn(seed + 10)
    found_B = regauging(anchors, candidates, torch.eye(7, dtype=torch.bool), **SETTINGS)
    expected = loop(anchors, candidates, **SETTINGS)
    assert found_B.tolist() == pytest.approx(expected, rel=1e-10)
    assert sum(value > 0 for value in expected) > 0


def test_an_anchor_whose_own_item_is_far_is_not_believed() -> None:
    anchors = drawn(4)
    exclude = torch.eye(7, dtype=torch.bool)
    assert regauging(anchors, -anchors, exclude, **SETTINGS).abs().max() == 0


def test_two_sides_are_averaged_over_those_that_cost_something() -> None:
    voices, exclude = drawn(5), torch.eye(7, dtype=torch.bool)
    faces = voices + 0.7 * drawn(6)
    sides = [loop(voices, faces, **SETTINGS), loop(faces, voices, **SETTINGS)]
    expected = [(a + b) / max((a != 0) + (b != 0), 1) for a, b in zip(*sides, strict=True)]
    found_B = two_sided_regauging(voices, faces, exclude, **SETTINGS)
    assert found_B.tolist() == pytest.approx(expected, rel=1e-10)


def test_unlike_in_the_released_code_a_gradient_flows() -> None:
    voices = drawn(5).requires_grad_()
    faces = voices.detach() + 0.7 * drawn(6)
    two_sided_regauging(voices, faces, torch.eye(7, dtype=torch.bool), **SETTINGS).mean().backward()
    assert voices.grad is not None and voices.grad.abs().max() > 0 and voices.grad.isfinite().all()
