import math

import pytest
import torch
from torch import Tensor

from vfal.losses.prototype_contrast import displaced_prototype_contrast, prototype_contrast


def case() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Anchors, prototypes and temperatures of their clusters, and the clusters; items 1 and 4 share one."""
    torch.manual_seed(0)
    cluster_B = torch.tensor([0, 1, 2, 3, 1])
    centres_KD, temperature_K = torch.randn(4, 6).double(), torch.tensor([0.1, 0.2, 0.3, 0.5]).double()
    return torch.randn(5, 6).double(), centres_KD[cluster_B], temperature_K[cluster_B], cluster_B


def cosine(a: Tensor, b: Tensor) -> float:
    return float(a @ b / a.norm() / b.norm())


@pytest.mark.parametrize("left_out", [True, False])
def test_prototype_contrast_equals_the_plain_loop(left_out: bool) -> None:
    anchors_BD, prototypes_BD, temperature_B, cluster_B = case()
    expected = []
    for i, anchor in enumerate(anchors_BD):
        logits = {
            j: cosine(anchor, prototypes_BD[j]) / float(temperature_B[j])
            for j in range(5)
            if j == i or not (left_out and cluster_B[j] == cluster_B[i])
        }
        expected.append(math.log(sum(math.exp(value) for value in logits.values())) - logits[i])
    clusters = cluster_B if left_out else None
    found_B = prototype_contrast(anchors_BD, prototypes_BD, temperature_B, cluster_B=clusters)
    assert found_B.tolist() == pytest.approx(expected, rel=1e-10)


def test_in_a_batch_of_one_cluster_nobody_has_a_negative() -> None:
    anchors_BD, prototypes_BD, temperature_B, _ = case()
    one_B = torch.zeros(5, dtype=torch.long)
    loss_B = prototype_contrast(anchors_BD, prototypes_BD, temperature_B, cluster_B=one_B)
    assert loss_B.abs().max() < 1e-12


def test_the_released_form_divides_by_temperatures_of_other_items() -> None:
    anchors_BD, prototypes_BD, temperature_B, _ = case()
    expected = []
    for i, anchor in enumerate(anchors_BD):
        order = [i, *(j for j in range(5) if j != i)]
        logits = [
            cosine(anchor, prototypes_BD[j]) / float(temperature_B[place]) for place, j in enumerate(order)
        ]
        expected.append(math.log(sum(math.exp(value) for value in logits)) - logits[0])
    found_B = displaced_prototype_contrast(anchors_BD, prototypes_BD, temperature_B)
    assert found_B.tolist() == pytest.approx(expected, rel=1e-10)


def test_with_equal_temperatures_both_forms_are_one() -> None:
    anchors_BD, prototypes_BD, _, _ = case()
    temperature_B = torch.full((5,), 0.2, dtype=torch.float64)
    torch.testing.assert_close(
        displaced_prototype_contrast(anchors_BD, prototypes_BD, temperature_B),
        prototype_contrast(anchors_BD, prototypes_BD, temperature_B),
    )
