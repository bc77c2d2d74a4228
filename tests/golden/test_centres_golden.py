from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from vfal.losses.centres import FollowingCentres, LearnedCentres, centre_loss, centre_steps

FILES = ["vfal_center_b12_c6", "vfal_center_b30_c12", "vfal_center_b5_c20", "vfal_center_b8_dup"]
EXACT: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-12}
Load = Callable[[str], dict[str, Any]]


@pytest.fixture(params=FILES)
def case(request: pytest.FixtureRequest, golden: Load) -> dict[str, Tensor]:
    return {name: torch.from_numpy(value) for name, value in golden(request.param).items() if value.ndim}


@pytest.fixture
def l2_loss(request: pytest.FixtureRequest, golden: Load, case: dict[str, Tensor]) -> float:
    return float(golden(request.node.callspec.params["case"])["l2_loss"])


def test_learned_centres_have_the_published_loss_and_gradients(case: dict[str, Tensor]) -> None:
    for name, reduce in {"eccv_avg": Tensor.mean, "eccv_sum": Tensor.sum}.items():
        centres = LearnedCentres(*case["centers"].shape, spread=1.0).double()
        centres.load_state_dict({"centres_ID": case["centers"]})
        items_BD = case["feat"].clone().requires_grad_()
        loss = reduce(centres(items_BD, case["y"]))
        loss.backward()
        torch.testing.assert_close(loss.detach(), case[f"{name}_loss"][0], **EXACT)
        torch.testing.assert_close(items_BD.grad, case[f"{name}_grad_feat"], **EXACT)
        torch.testing.assert_close(centres.centres_ID.grad, case[f"{name}_grad_centers"], **EXACT)


def test_centres_that_follow_go_where_the_published_gradient_points(case: dict[str, Tensor]) -> None:
    steps_ID = centre_steps(case["feat"], case["y"], case["centers"])
    torch.testing.assert_close(steps_ID, case["eccv_sum_grad_centers"], **EXACT)
    centres = FollowingCentres(*case["centers"].shape, rate=0.5).double()
    centres.load_state_dict({"centres_ID": case["centers"].clone()})
    centres.follow(case["feat"], case["y"])
    torch.testing.assert_close(centres.centres_ID, case["centers"] - 0.5 * steps_ID, **EXACT)


def test_the_true_derivative_is_the_published_one_of_the_learnable_variant(
    case: dict[str, Tensor], l2_loss: float
) -> None:
    items_BD, centres_ID = case["feat"].clone().requires_grad_(), case["centers"].clone().requires_grad_()
    loss = 2 * centre_loss(items_BD, centres_ID[case["y"]]).mean()  # that variant does not halve
    loss.backward()
    floor = 1e-12 * (len(centres_ID) - 1)  # it adds this for each other class
    assert float(loss.detach()) + floor == pytest.approx(l2_loss, rel=1e-9)
    torch.testing.assert_close(items_BD.grad, case["l2_grad_feat"], **EXACT)
    torch.testing.assert_close(centres_ID.grad, case["l2_grad_centers"], **EXACT)
