import math

import pytest
import torch

from vfal.losses.classification import cross_entropy, focal, focal_weight


def logits_and_identities() -> tuple[torch.Tensor, torch.Tensor]:
    logits_BI = torch.sin(torch.arange(30, dtype=torch.float64).reshape(6, 5) * 1.7) * 3
    return logits_BI, torch.tensor([0, 1, 2, 0, 1, 3])


def test_cross_entropy_is_minus_the_log_of_the_true_identitys_probability() -> None:
    logits_BI, identity_B = logits_and_identities()
    for row, loss in enumerate(cross_entropy(logits_BI, identity_B)):
        exponentials = [math.exp(value) for value in logits_BI[row].tolist()]
        assert loss.item() == pytest.approx(-math.log(exponentials[int(identity_B[row])] / sum(exponentials)))


def test_a_uniform_classifier_pays_the_log_of_the_number_of_identities() -> None:
    loss_B = cross_entropy(torch.zeros(3, 924), torch.tensor([0, 5, 923]))
    torch.testing.assert_close(loss_B, torch.full((3,), math.log(924)))


def test_focal_loss_scales_each_item_by_its_own_missing_probability() -> None:
    logits_BI, identity_B = logits_and_identities()
    found_B = focal(logits_BI, identity_B, gamma=2.0)
    for row, loss in enumerate(found_B):
        p = logits_BI[row].softmax(0)[identity_B[row]].item()
        assert loss.item() == pytest.approx((1 - p) ** 2 * -math.log(p))


def test_focal_loss_without_gamma_is_the_cross_entropy() -> None:
    logits_BI, identity_B = logits_and_identities()
    torch.testing.assert_close(focal(logits_BI, identity_B, gamma=0.0), cross_entropy(logits_BI, identity_B))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal_loss_of_a_certain_classifier_is_zero_with_a_finite_slope(gamma: float) -> None:
    logits_BI = torch.tensor([[200.0, 0.0], [0.0, 200.0]], requires_grad=True)
    loss_B = focal(logits_BI, torch.tensor([0, 1]), gamma=gamma)
    loss_B.sum().backward()
    assert loss_B.tolist() == [0.0, 0.0]
    assert logits_BI.grad is not None
    assert logits_BI.grad.isfinite().all()


def test_focal_weights_lie_between_nought_and_one() -> None:
    weight_B = focal_weight(torch.tensor([0.0, 0.5, 14.0, 1e4]), gamma=2.0)
    assert weight_B.tolist() == sorted(weight_B.tolist())
    assert weight_B[0] == 0
    assert weight_B[-1] == 1
