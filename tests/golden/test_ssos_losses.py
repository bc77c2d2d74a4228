from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from vfal.losses.classification import cross_entropy, focal_weight
from vfal.losses.reduction import batch_mean, weighted_mean
from vfal.losses.softmax_contrast import explicit_loss, two_sided_explicit_loss
from vfal.nn.heads import SharedClassifier
from vfal.training.identity_weights import IdentityWeights

FILES = [
    "ssos_loss_b10_dup_pairs",
    "ssos_loss_b16_c60_d32",
    "ssos_loss_b3_c5_d64",
    "ssos_loss_b5_c7_d16",
    "ssos_loss_b6_dup",
    "ssos_loss_b8_c20_d128",
]
OFFSET = 5.4  # 1 + 3.4 + exp(0): the published constant and the positive inside the sum
Load = Callable[[str], dict[str, Any]]


class Case:
    """One golden file: embeddings, classifier and labels as tensors that collect gradients."""

    def __init__(self, arrays: dict[str, Any]) -> None:
        self.arrays = arrays
        self.identity_B = torch.from_numpy(arrays["y"])
        self.faces_BD = torch.from_numpy(arrays["z_face"]).requires_grad_()
        self.voices_BD = torch.from_numpy(arrays["z_voice"]).requires_grad_()
        identities, width = arrays["W"].shape
        self.classifier = SharedClassifier(width, identities).double()
        self.classifier.load_state_dict({"weight": torch.from_numpy(arrays["W"])})

    def losses(self) -> dict[str, Tensor]:
        return {
            "face_ce": cross_entropy(self.classifier(self.faces_BD), self.identity_B),
            "voice_ce": cross_entropy(self.classifier(self.voices_BD), self.identity_B),
            "crosssp": two_sided_explicit_loss(self.voices_BD, self.faces_BD, offset=OFFSET),
        }

    def weights(self) -> IdentityWeights:
        weights = IdentityWeights(
            len(self.arrays["id_weight"]),
            hardness_initial=14.0,
            hardness_ema=0.9,
            initial_ratio=0.5,
            growth_ratio=1.0,
            decay=0.99,
            keep_ratio=0.9,
        )
        weights.load_state_dict(
            {
                "hardness": torch.from_numpy(self.arrays["id_loss_mean"]),
                "weights": torch.from_numpy(self.arrays["id_weight"]),
                "updates": torch.tensor(1),
            }
        )
        return weights

    def expect(self, name: str, found: Tensor) -> None:
        expected = torch.as_tensor(self.arrays[name])
        torch.testing.assert_close(
            found.detach(), expected, rtol=1e-9, atol=1e-12, msg=lambda m: f"{name}: {m}"
        )

    def expect_gradients(self, total: Tensor, prefix: str) -> None:
        total.backward()
        for name, tensor in [
            ("grad_z_face", self.faces_BD),
            ("grad_z_voice", self.voices_BD),
            ("grad_W", self.classifier.weight),
        ]:
            assert tensor.grad is not None
            self.expect(f"{prefix}_{name}", tensor.grad)


@pytest.fixture(params=FILES)
def case(request: pytest.FixtureRequest, golden: Load) -> Case:
    return Case(golden(request.param))


def test_logits_and_per_item_losses_equal_the_published_ones(case: Case) -> None:
    losses = case.losses()
    case.expect("logit_face", case.classifier(case.faces_BD))
    case.expect("logit_voice", case.classifier(case.voices_BD))
    case.expect("ce_face", losses["face_ce"])
    case.expect("ce_voice", losses["voice_ce"])
    case.expect("cross_x_v", explicit_loss(case.voices_BD, case.faces_BD, offset=OFFSET))
    case.expect("cross_v_x", explicit_loss(case.faces_BD, case.voices_BD, offset=OFFSET))
    case.expect("cross", losses["crosssp"])
    case.expect("focal_face", batch_mean(losses["face_ce"], focal_weight(losses["face_ce"], gamma=2.0)))


def test_the_unweighted_total_and_its_gradients_equal_the_published_ones(case: Case) -> None:
    losses = case.losses()
    for name, loss_B in losses.items():
        case.expect(f"plain_{name}_loss", loss_B.mean())
    total = sum(losses.values(), start=torch.zeros(())).mean()
    case.expect("plain_loss", total)
    case.expect_gradients(total, "plain")


def test_without_the_explicit_loss_total_and_gradients_equal_the_published_ones(case: Case) -> None:
    losses = case.losses()
    total = losses["face_ce"].mean() + losses["voice_ce"].mean()
    case.expect("nocross_loss", total)
    case.expect_gradients(total, "nocross")


def test_the_officially_weighted_total_and_its_gradients_equal_the_published_ones(case: Case) -> None:
    losses, weights = case.losses(), case.weights()
    weight_B = weights.weights(case.identity_B)
    terms = {
        "face_ce": batch_mean(losses["face_ce"], weight_B),
        "voice_ce": batch_mean(losses["voice_ce"], weight_B),
        "crosssp": weighted_mean(losses["crosssp"], weight_B),
    }
    case.expect("weighted_w", weight_B)
    for name, term in terms.items():
        case.expect(f"weighted_{name}_loss", term)
    total = sum(terms.values(), start=torch.zeros(()))
    case.expect("weighted_loss", total)
    case.expect_gradients(total, "weighted")


def test_hardness_after_the_batch_equals_the_published_one(case: Case) -> None:
    losses, weights = case.losses(), case.weights()
    weights.observe(case.identity_B, losses["face_ce"] + losses["voice_ce"])
    case.expect("weighted_loss_mean_after", weights.hardness_I)


def test_weighting_each_item_gives_the_hand_made_values_of_the_paper(case: Case) -> None:
    losses, weight_B = case.losses(), case.weights().weights(case.identity_B)
    case.expect("hand_weighted_face_ce", weighted_mean(losses["face_ce"], weight_B))
    case.expect("hand_weighted_voice_ce", weighted_mean(losses["voice_ce"], weight_B))


def test_single_precision_changes_the_total_by_less_than_a_hundred_thousandth(case: Case) -> None:
    case.faces_BD, case.voices_BD = case.faces_BD.float(), case.voices_BD.float()
    case.classifier.float()
    total = sum(case.losses().values(), start=torch.zeros(())).mean()
    expected = torch.as_tensor(case.arrays["plain_loss_float32"])
    torch.testing.assert_close(total.detach(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["vfal_wen_explicit_b9", "vfal_wen_explicit_b20"])
def test_the_explicit_loss_equals_the_benchmark_repositorys(name: str, golden: Load) -> None:
    arrays = golden(name)
    x_BD, v_BD = (torch.from_numpy(arrays[key]).requires_grad_() for key in ("x", "v"))
    exact = {"rtol": 1e-9, "atol": 1e-12}
    for found, key in [
        (explicit_loss(v_BD, x_BD, offset=OFFSET), "loss_x_v"),
        (explicit_loss(x_BD, v_BD, offset=OFFSET), "loss_v_x"),
    ]:
        torch.testing.assert_close(found.detach(), torch.from_numpy(arrays[key]), **exact)
    two_sided_explicit_loss(v_BD, x_BD, offset=OFFSET).mean().backward()
    torch.testing.assert_close(x_BD.grad, torch.from_numpy(arrays["grad_x"]), **exact)
    torch.testing.assert_close(v_BD.grad, torch.from_numpy(arrays["grad_v"]), **exact)
