"""AML's metric loss and networks against the numbers of the published code."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vfal.core.config.shelf_models import ordered
from vfal.losses.classification import cross_entropy
from vfal.losses.lifted_structure import lifted_structure
from vfal.losses.modality_game import modality_loss
from vfal.method import Crowd
from vfal.methods.aml import AdversarialMetricLearning
from vfal.nn.tiny_encoders import AMLFace, AMLVoice

from ..tiny_params import tiny_params

Load = Callable[[str], dict[str, Any]]
Fill = Callable[..., dict[str, Tensor]]


@pytest.mark.parametrize(
    ("name", "margin"), [("b10_m1", 2.0), ("b12_m2", 0.2), ("b4_m8", 1.0), ("b6_m3", 1.0)]
)
def test_the_lifted_structure_loss_and_its_gradients_equal_the_published_ones(
    name: str, margin: float, golden: Load
) -> None:
    arrays = golden(f"aml_lifted_{name}")
    anchor, positive, negatives = (
        torch.from_numpy(arrays[key]).requires_grad_() for key in ("anchor", "positive", "negatives")
    )
    loss_B = lifted_structure(anchor, positive, negatives, margin=margin)
    loss_B.mean().backward()
    np.testing.assert_allclose(loss_B.mean().detach(), arrays["loss"], rtol=1e-9)
    for key, tensor in (("anchor", anchor), ("positive", positive), ("negatives", negatives)):
        np.testing.assert_allclose(tensor.grad, arrays[f"grad_{key}"], rtol=1e-7, atol=1e-12)


class Published:
    """The method on its published encoders, with the weights that a golden file's formula gives."""

    def __init__(self, arrays: dict[str, Any], fill: Fill, *, base_seed: int) -> None:
        model = ordered(tiny_params(methods__aml__anchor="face"), "aml")
        self.voice, self.face = AMLVoice(), AMLFace()
        self.method = AdversarialMetricLearning(
            self.voice,
            self.face,
            crowd=Crowd(3),
            settings=model.settings,  # type: ignore[arg-type]
        )
        state = fill(arrays, base_seed=base_seed, conv_gain=1.0)
        critic = fill(
            {
                "state_names": arrays["d_state_names"],
                "state_shapes": arrays["d_state_shapes"],
                "state_alias": -np.ones(len(arrays["d_state_names"]), dtype=np.int64),
            },
            base_seed=base_seed + 500,
            conv_gain=1.0,
        )
        self._load(self.voice.transform, state, "audio.transform.")
        self._load(self.face.transform, state, "image.transform.")
        self._load(self.method.generator, state, "generator.")
        self._load(self.method.heads["face"], state, "classifier.")
        self._load(self.method.critic, critic, "discriminator.")
        self.method.double().eval()

    @staticmethod
    def _load(module: nn.Module, state: dict[str, Tensor], start: str) -> None:
        module.double().load_state_dict(
            {name.removeprefix(start): value for name, value in state.items() if name.startswith(start)}
        )


def expect(found: Tensor, expected: Any) -> None:
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize(("name", "seed", "base_seed"), [("a", 503, 7000), ("b", 506, 8000)])
def test_the_networks_equal_the_published_ones(
    name: str, seed: int, base_seed: int, golden: Load, state_by_formula: Fill
) -> None:
    arrays = golden(f"aml_nets_{name}")
    published, items = Published(arrays, state_by_formula, base_seed=base_seed), len(arrays["y"])

    def normals(number: int, *shape: int) -> Tensor:
        return torch.from_numpy(np.random.RandomState(seed + number).standard_normal((items, *shape)))

    audio = {number: normals(number, 1, 224, 125) for number in (1, 2)}
    image, method = normals(3, 3, 224, 224), published.method
    expect(audio[1][0].flatten()[:5], arrays["audio1_first5"][0])
    features = {number: published.voice.transform(audio[number]).flatten(1) for number in (1, 2)}
    for found, key in ((features[1], "audio_feature_stats"), (published.face(image), "image_feature_stats")):
        expect(
            torch.stack([torch.tensor(found.shape[1]), found.mean(), found.std(), found.abs().sum()]),
            arrays[key],
        )
    embedded = {"image": method.embed_faces(image)}
    embedded |= {f"audio{number}": method.generator(features[number]) for number in (1, 2)}
    for key, vectors_BD in embedded.items():
        expect(vectors_BD, arrays[f"{key}_emb"])
        expect(method.critic(vectors_BD), arrays[f"{key}_modality"])
    logits_B2 = method.heads["face"](torch.cat([*embedded.values()], dim=1))
    expect(logits_B2, arrays["out"])
    expect(cross_entropy(logits_B2, torch.from_numpy(arrays["y"])).mean(), arrays["ce_match"])
    told = [("audio1", "voice"), ("audio2", "voice"), ("image", "face")]
    found = [
        modality_loss(method.critic(embedded[key]), modality, swapped=False).mean()  # type: ignore[arg-type]
        for key, modality in told
    ]
    expect(torch.stack(found), arrays["ce_modality"])
    generator = [*method.parameters()]
    critic = sum(one.numel() for one in method.critic.parameters())
    assert sum(one.numel() for one in generator) - critic == arrays["n_params_g"]
    assert critic == arrays["n_params_d"]
