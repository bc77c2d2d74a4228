from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vfal.nn.front_ends import LogMel
from vfal.nn.heads import ProjectionHead, SharedClassifier
from vfal.nn.ir_50 import IR50
from vfal.nn.published_weights import fill, part_of
from vfal.nn.resnet_se_34l import ResNetSE34L

Load = Callable[[str], dict[str, Any]]
Fill = Callable[..., dict[str, Tensor]]


class PublishedNetwork(nn.Module):
    """Encoder and head under the names the published code gives them.

    Built in single precision first: constants of the front ends are float32 values, as published.
    """

    def __init__(self, model: nn.Module, state: dict[str, Tensor], dtype: torch.dtype) -> None:
        super().__init__()
        self.model = model
        self.fc = ProjectionHead(512, 128, dropout=0.5)
        self.to(dtype)
        fill(self.model, part_of(state, "model."), source="golden")
        fill(self.fc, part_of(state, "fc."), source="golden")

    def forward(self, media: Tensor) -> Tensor:
        embeddings: Tensor = self.fc(self.model(media))
        return embeddings


def size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def expect(found: Tensor, expected: Any, rtol: float = 1e-7) -> None:
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=rtol, atol=rtol * scale)


def watch(network: nn.Module, names: list[str]) -> dict[str, Tensor]:
    """Outputs of the named modules, filled in by the next forward pass."""
    outputs: dict[str, Tensor] = {}
    for name in names:

        def keep(_module: nn.Module, _inputs: Any, output: Tensor, name: str = name) -> None:
            outputs[name] = output.detach().clone()

        network.get_submodule(name).register_forward_hook(keep)
    return outputs


def expect_layers(arrays: dict[str, Any], outputs: dict[str, Tensor]) -> None:
    for name, shape, stats in zip(
        arrays["layer_names"], arrays["layer_shapes"], arrays["layer_stats"], strict=True
    ):
        output = outputs[OUR_LAYERS.get(str(name), str(name))]
        assert ",".join(map(str, output.shape)) == str(shape)
        found = [output.mean(), output.std(correction=0), output.abs().sum()]
        np.testing.assert_allclose(found, stats, rtol=1e-7, atol=1e-9)


# Their ReLU works in place, so the stored statistics of bn1 are those after it.
OUR_LAYERS = {"model.sap_linear": "model.pool.linear", "model.bn1": "model.relu"}
OUR_PARAMETERS = {
    "model.attention": "model.pool.query",
    "model.sap_linear.weight": "model.pool.linear.weight",
    "model.sap_linear.bias": "model.pool.linear.bias",
}


def expect_gradients(network: nn.Module, output: Tensor, arrays: dict[str, Any]) -> None:
    coefficients = torch.cos(0.37 * torch.arange(output.numel(), dtype=output.dtype))
    (output.flatten() * coefficients).sum().backward()
    parameters = dict(network.named_parameters())
    for name, norm in zip(arrays["train_param_names"], arrays["train_grad_norms"], strict=True):
        if norm < 0:  # the classifier takes no part in the embedding
            assert str(name) == "cls.weight"
            continue
        gradient = parameters[OUR_PARAMETERS.get(str(name), str(name))].grad
        assert gradient is not None
        np.testing.assert_allclose(gradient.norm(), norm, rtol=1e-7, atol=1e-9, err_msg=str(name))


@pytest.mark.parametrize("name", ["ssos_voice_frontend_1s", "ssos_voice_frontend_half_s"])
def test_the_log_mel_front_end_equals_the_published_one(name: str, golden: Load) -> None:
    arrays = golden(name)
    wave_BT = torch.from_numpy(arrays["wave_int16"])
    front_end = LogMel()
    single = front_end(wave_BT)
    np.testing.assert_array_equal(front_end.mel.mel_scale.fb.numpy(), arrays["mel_fb"])
    np.testing.assert_array_equal(front_end.mel.spectrogram.window.numpy(), arrays["window"])
    front_end.double()
    np.testing.assert_allclose(front_end.mel(wave_BT.double()).numpy(), arrays["mel_power"])
    expect(front_end(wave_BT), arrays["out"])
    assert np.abs(single.numpy() - arrays["out"]).max() < 2 * arrays["out_float32_maxdiff"] + 1e-6


@pytest.mark.parametrize(("name", "base_seed"), [("ssos_face_net_a", 3000), ("ssos_face_net_b", 3500)])
def test_the_face_network_equals_the_published_one(
    name: str, base_seed: int, golden: Load, state_by_formula: Fill, without_dropout: Callable[..., nn.Module]
) -> None:
    arrays = golden(name)
    state = state_by_formula(arrays, base_seed=base_seed, conv_gain=0.5)
    network = PublishedNetwork(IR50(reverse_channels=False), state, torch.float64)
    classifier = SharedClassifier(128, 924).double()
    fill(classifier, part_of(state, "cls."), source="golden")
    assert size(network.model) == arrays["n_params_backbone"]
    assert size(network) + size(classifier) == arrays["n_params"]

    # the published code multiplies by a constant that was rounded to float32
    images = torch.from_numpy(arrays["image_uint8"]).double() * float(np.float32(1 / 127.5)) - 1
    expect(images[:, :, :2, :2], arrays["normalised_corner"])
    network.eval()
    outputs = watch(network, [str(name) for name in arrays["layer_names"]] + ["model"])
    with torch.no_grad():
        embeddings = network(images)
    expect_layers(arrays, outputs)
    expect(outputs["model"], arrays["backbone_512"])
    expect(embeddings, arrays["out_128"])
    expect(classifier(embeddings), arrays["logit_924"])

    if "train_out_128" in arrays:
        network.train()
        without_dropout(network)
        embeddings = network(images)
        expect(embeddings, arrays["train_out_128"])
        expect_gradients(network, embeddings, arrays)


@pytest.mark.parametrize(("name", "base_seed"), [("ssos_voice_net_a", 2000), ("ssos_voice_net_b", 2500)])
def test_the_voice_network_equals_the_published_one(
    name: str, base_seed: int, golden: Load, state_by_formula: Fill, without_dropout: Callable[..., nn.Module]
) -> None:
    arrays = golden(name)
    state = state_by_formula(arrays, base_seed=base_seed, conv_gain=1.0)
    waves = torch.from_numpy(arrays["wave_int16"])
    with torch.no_grad():
        single = PublishedNetwork(ResNetSE34L(), state, torch.float32).eval()(waves)
    np.testing.assert_allclose(single, arrays["out_128_float32"], rtol=1e-4, atol=1e-4)

    network = PublishedNetwork(ResNetSE34L(), state, torch.float64).eval()
    assert size(network.model) == arrays["n_params_backbone"]
    assert size(network) == arrays["n_params"]
    layers = [OUR_LAYERS.get(str(layer), str(layer)) for layer in arrays["layer_names"]]
    outputs = watch(network, [*layers, "model"])
    with torch.no_grad():
        embeddings = network(waves)
    expect_layers(arrays, outputs)
    expect(outputs["model"], arrays["backbone_512"])
    expect(embeddings, arrays["out_128"])

    if "train_out_128" in arrays:
        network.train()
        without_dropout(network)
        embeddings = network(waves)
        expect(embeddings, arrays["train_out_128"])
        expect(network.model.bn1.running_mean, arrays["train_bn1_running_mean"])
        expect(network.fc[0].running_var, arrays["train_fc_bn_running_var"])
        expect_gradients(network, embeddings, arrays)
