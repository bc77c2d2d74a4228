import math

import pytest
import torch
from torch import Tensor

from vfal.losses.multi_similarity import multi_similarity, paired_multi_similarity


def loop(embeddings_BD: Tensor, labels: list[int], alpha: float, beta: float, base: float) -> list[float]:
    losses = []
    for i, anchor in enumerate(embeddings_BD):
        near = far = 0.0
        for j, other in enumerate(embeddings_BD):
            cosine = float(anchor @ other / anchor.norm() / other.norm())
            if j != i and labels[j] == labels[i]:
                near += math.exp(-alpha * (cosine - base))
            elif labels[j] != labels[i]:
                far += math.exp(beta * (cosine - base))
        losses.append(math.log(1 + near) / alpha + math.log(1 + far) / beta)
    return losses


@pytest.mark.parametrize(("alpha", "beta", "base"), [(2.0, 50.0, 1.0), (2.0, 50.0, 0.5), (1.0, 3.0, 0.2)])
def test_multi_similarity_equals_the_plain_loop(alpha: float, beta: float, base: float) -> None:
    torch.manual_seed(0)
    embeddings_BD, labels = torch.randn(9, 5, dtype=torch.float64), [0, 1, 2, 0, 0, 3, 1, 4, 4]
    found_B = multi_similarity(embeddings_BD, torch.tensor(labels), alpha=alpha, beta=beta, base=base)
    assert found_B.tolist() == pytest.approx(loop(embeddings_BD, labels, alpha, beta, base), rel=1e-10)


@pytest.mark.parametrize(("base", "expected"), [(1.0, 1.5798051), (0.5, 1.5214854)])
def test_multi_similarity_of_pairs_gives_the_value_of_the_worked_example(
    base: float, expected: float
) -> None:
    i, d = torch.arange(6, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)[None, :]
    faces_BD, voices_BD = torch.sin(0.7 * i + 0.3 * d**2 + 1), torch.cos(0.5 * i - 0.4 * d)
    label_B = torch.tensor([0, 1, 2, 0, 1, 3])
    loss_B = paired_multi_similarity(voices_BD, faces_BD, label_B, alpha=2.0, beta=50.0, base=base)
    assert loss_B.shape == (6,)
    assert loss_B.mean().item() == pytest.approx(expected, abs=1e-7)


def test_an_anchor_without_positives_pays_for_negatives_alone() -> None:
    embeddings_BD = torch.eye(3, dtype=torch.float64)
    loss_B = multi_similarity(embeddings_BD, torch.arange(3), alpha=2.0, beta=50.0, base=1.0)
    assert loss_B.tolist() == pytest.approx([math.log1p(2 * math.exp(-50)) / 50] * 3)


def test_with_base_one_far_negatives_hardly_count_and_positives_always_pull() -> None:
    angle_B = torch.tensor([0.0, 0.3, 1.2], dtype=torch.float64)
    embeddings_BD = torch.stack([angle_B.cos(), angle_B.sin()], dim=1).requires_grad_()
    label_B = torch.tensor([0, 0, 1])
    multi_similarity(embeddings_BD, label_B, alpha=2.0, beta=50.0, base=1.0).sum().backward()
    assert embeddings_BD.grad is not None
    slope_B = embeddings_BD.grad.norm(dim=1)
    assert slope_B[2] < 1e-6 and slope_B[:2].min() > 0.1
