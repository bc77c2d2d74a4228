import math

import pytest
import torch
from torch import Tensor

from vfal.losses.centres import FollowingCentres, LearnedCentres, centre_loss, centre_steps


def worked_example() -> tuple[Tensor, Tensor, Tensor]:
    """Items, identities and centres of the worked example in the methods file, section 19."""
    i, d = torch.arange(6, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)[None, :]
    centres_ID = torch.linspace(-1, 1, 16, dtype=torch.float64).reshape(4, 4)
    return torch.sin(0.7 * i + 0.3 * d**2 + 1), torch.tensor([0, 1, 2, 0, 1, 3]), centres_ID


def learned(centres_ID: Tensor) -> LearnedCentres:
    centres = LearnedCentres(*centres_ID.shape, spread=0.0).double()
    centres.load_state_dict({"centres_ID": centres_ID})
    return centres


def test_the_centre_loss_equals_the_plain_loop() -> None:
    items_BD, identity_B, centres_ID = worked_example()
    expected = [
        0.5 * sum((float(x) - float(c)) ** 2 for x, c in zip(item, centres_ID[identity], strict=True))
        for item, identity in zip(items_BD, identity_B.tolist(), strict=True)
    ]
    assert centre_loss(items_BD, centres_ID[identity_B]).tolist() == pytest.approx(expected, rel=1e-12)


def test_the_worked_example_comes_out() -> None:
    items_BD, identity_B, centres_ID = worked_example()
    centres = learned(centres_ID)
    loss = centres(items_BD.requires_grad_(), identity_B).mean()
    loss.backward()
    assert loss.item() == pytest.approx(2.2238393, abs=1e-7)
    assert centres.centres_ID.grad is not None and items_BD.grad is not None
    assert centres.centres_ID.grad[0].tolist() == pytest.approx(
        [-0.16017, -0.135631, -0.0755, -0.01142], abs=1e-6
    )
    assert items_BD.grad[0].tolist() == pytest.approx([0.306912, 0.305037, 0.256972, 0.011694], abs=1e-6)


def test_centres_follow_their_items_as_the_plain_loop_says() -> None:
    items_BD, identity_B, centres_ID = worked_example()
    centres = FollowingCentres(4, 4, rate=0.5).double()
    centres.load_state_dict({"centres_ID": centres_ID.clone()})
    centres.follow(items_BD, identity_B)
    for identity, centre_D in enumerate(centres_ID):
        own = [item for item, label in zip(items_BD, identity_B.tolist(), strict=True) if label == identity]
        moved_D = centre_D - 0.5 * sum((centre_D - item for item in own), torch.zeros(4)) / (1 + len(own))
        assert centres.centres_ID[identity].tolist() == pytest.approx(moved_D.tolist(), rel=1e-12)


def test_who_is_not_in_the_batch_keeps_their_centre() -> None:
    items_BD, identity_B, centres_ID = worked_example()
    assert centre_steps(items_BD[:1], identity_B[:1], centres_ID)[1:].abs().max() == 0


def test_a_centre_that_follows_long_enough_is_the_mean_of_its_items() -> None:
    items_BD = worked_example()[0]
    centres = FollowingCentres(1, 4, rate=0.5).double()
    for _ in range(200):
        centres.follow(items_BD, torch.zeros(6, dtype=torch.long))
    torch.testing.assert_close(centres.centres_ID[0], items_BD.mean(0))


def test_following_centres_learn_nothing_by_gradient_and_are_saved() -> None:
    centres = FollowingCentres(3, 2, rate=0.5)
    assert not [*centres.parameters()] and [*centres.state_dict()] == ["centres_ID"]
    items_BD = torch.randn(4, 2, requires_grad=True)
    centres.follow(items_BD, torch.tensor([0, 1, 1, 2]))
    assert not centres.centres_ID.requires_grad and centres.centres_ID.abs().min() > 0


def test_a_learned_centre_is_pulled_less_than_the_true_derivative_says() -> None:
    items_BD, identity_B, centres_ID = worked_example()
    centres = learned(centres_ID)
    centres(items_BD, identity_B).sum().backward()
    true_ID = centres_ID.clone().requires_grad_()
    centre_loss(items_BD, true_ID[identity_B]).sum().backward()
    assert centres.centres_ID.grad is not None and true_ID.grad is not None
    share_ID = centres.centres_ID.grad / true_ID.grad
    torch.testing.assert_close(
        share_ID, torch.tensor([[1 / 3], [1 / 3], [1 / 2], [1 / 2]]).double().expand(4, 4)
    )


def test_a_weight_of_zero_keeps_a_person_from_moving_their_learned_centre() -> None:
    items_BD, identity_B, centres_ID = worked_example()
    centres = learned(centres_ID)
    weight_B = (identity_B != 2).double()
    (centres(items_BD, identity_B) * weight_B).mean().backward()
    assert centres.centres_ID.grad is not None
    assert centres.centres_ID.grad[2].abs().max() == 0 < centres.centres_ID.grad[0].abs().max()


def test_noise_of_variance_one_is_as_far_from_the_origin_as_its_width() -> None:
    torch.manual_seed(0)
    assert LearnedCentres(500, 128, spread=1.0).centres_ID.norm(dim=1).mean().item() == pytest.approx(
        math.sqrt(128), rel=0.01
    )
