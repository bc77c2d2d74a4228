"""DIMNet's terms, and FV-CME's, against the steps of my-yy/vfal-eva."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vfal.core.config.shelf_models import ordered
from vfal.data.batches import Bag, Batch
from vfal.method import Crowd, Method
from vfal.methods import get_method

from ..tiny_params import tiny_params

FILES = ["vfal_works_b12_c25", "vfal_works_b16_c40", "vfal_works_b6_c10_dup", "vfal_works_b8_c12"]
EXACT = {"rtol": 1e-9, "atol": 1e-12}
Load = Callable[[str], dict[str, Any]]


class Given(nn.Module):
    """Stands for encoders and tails: embeddings are given as inputs."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, embeddings_BD: Tensor, *rest: Any) -> Tensor:
        return embeddings_BD


class Step:
    """One golden file: a method whose embeddings are those of the file, and its terms."""

    def __init__(self, arrays: dict[str, Any], model: str, **changes: Any) -> None:
        self.arrays, width = arrays, arrays["v_emb"].shape[1]
        crowd = Crowd(arrays["W_id"].shape[1], genders=2, nationalities=2)
        settings = ordered(tiny_params(), model).settings.model_copy(update={"width": width, **changes})
        self.method: Method = get_method(model)(Given(width), Given(width), crowd=crowd, settings=settings)
        self.method.tails = Given(width)
        self.method.double()
        self.inputs = [torch.from_numpy(arrays[key]).requires_grad_() for key in ("v_emb", "f_emb")]

    def terms(self, *needs: str) -> dict[str, Tensor]:
        labels = [torch.from_numpy(self.arrays[key]) for key in ("y", "gender")]
        batch = Batch(*(Bag(inputs_BD, *labels) for inputs_BD in self.inputs)).for_needs(needs)
        ((_, terms),) = self.method.turns(batch, 0)
        return dict(terms.losses)

    def expect(self, found: Tensor | None, key: str) -> None:
        assert found is not None
        torch.testing.assert_close(found.detach(), torch.as_tensor(self.arrays[key]), **EXACT)


def dimnet(arrays: dict[str, Any]) -> Step:
    step = Step(arrays, "dimnet")
    for covariate, key in (("identity", "W_id"), ("gender", "W_gender")):
        classifier = step.method.classifiers[covariate]  # type: ignore[index,union-attr]
        classifier.load_state_dict({"weight": torch.from_numpy(arrays[key]).T})  # type: ignore[union-attr]
    return step


def stacked_mean(terms: dict[str, Tensor], covariate: str) -> Tensor:
    """Mean over the rows of both modalities, as the published step takes it."""
    return torch.cat([terms[f"{covariate}_voice"], terms[f"{covariate}_face"]]).mean()


@pytest.mark.parametrize("name", FILES)
def test_identity_and_gender_terms_equal_the_published_and_the_corrected_one(name: str, golden: Load) -> None:
    step = dimnet(golden(name))
    terms = step.terms("identity", "gender")
    step.expect(stacked_mean(terms, "identity"), "ssnet_loss_id")
    step.expect(stacked_mean(terms, "gender"), "dimnet_loss_gender_corrected")


@pytest.mark.parametrize("name", FILES)
def test_the_published_step_is_ours_with_gender_sent_through_the_identity_classifier(
    name: str, golden: Load
) -> None:
    step = dimnet(golden(name))
    classifiers = step.method.classifiers
    identity = classifiers["identity"]  # type: ignore[index,union-attr]
    classifiers["gender"] = identity  # type: ignore[index,union-attr,operator]
    terms = step.terms("identity", "gender")
    step.expect(stacked_mean(terms, "gender"), "dimnet_loss_gender")
    total = stacked_mean(terms, "identity") + stacked_mean(terms, "gender")
    total.backward()
    step.expect(total, "dimnet_loss")
    step.expect(step.inputs[0].grad, "dimnet_grad_v")
    step.expect(step.inputs[1].grad, "dimnet_grad_f")
    step.expect(identity.weight.grad.T, "dimnet_grad_W")  # type: ignore[union-attr]


@pytest.mark.parametrize("name", FILES)
def test_the_step_of_fv_cme_is_the_face_anchored_n_pair_loss(name: str, golden: Load) -> None:
    step = Step(golden(name), "fvcme", anchor="face")
    loss = step.terms()["n_pair_face"].mean()  # without labels, repeated people count as negatives there too
    loss.backward()
    step.expect(loss, "fvcme_loss")
    step.expect(step.inputs[0].grad, "fvcme_grad_v")
    step.expect(step.inputs[1].grad, "fvcme_grad_f")
