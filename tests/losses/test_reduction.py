import torch

from vfal.losses.reduction import batch_mean, weighted_mean

LOSS_B = torch.tensor([1.0, 2.0, 6.0])


def test_a_weight_acts_on_its_own_item() -> None:
    assert weighted_mean(LOSS_B, torch.tensor([3.0, 0.0, 0.0])) == 1.0
    assert weighted_mean(LOSS_B, torch.tensor([0.0, 0.0, 3.0])) == 6.0


def test_the_batch_mean_cannot_tell_whose_weight_is_whose() -> None:
    assert batch_mean(LOSS_B, torch.tensor([3.0, 0.0, 0.0])) == batch_mean(
        LOSS_B, torch.tensor([0.0, 0.0, 3.0])
    )


def test_equal_weights_make_both_reductions_the_same() -> None:
    weight_B = torch.full((3,), 1.25, dtype=torch.float64)
    assert weighted_mean(LOSS_B, weight_B) == batch_mean(LOSS_B, weight_B) == 3.75


def test_double_precision_weights_leave_the_loss_in_its_own_precision() -> None:
    assert weighted_mean(LOSS_B, torch.ones(3, dtype=torch.float64)).dtype == torch.float32
