from typing import Any

import pytest
import torch
from torch import nn

from vfal.core.errors import ConfigError
from vfal.core.types import Modality
from vfal.nn.catalogue import ENCODERS, make_encoder, settings_of

SETTINGS: dict[str, dict[str, Any]] = {
    "small_voice": {"channels": 4, "width": 24},
    "small_face": {"channels": 4, "width": 24},
    "thin_resnet_34": {"width": 64},
    "feature_mlp": {"inputs": 7, "width": 24, "dropout": 0.5},
}
EVERY_ENCODER = [
    (name, modality)
    for modality, shelf in ENCODERS.items()
    for name in shelf
    if name != "plain_features"  # it has nothing to learn: tests/nn/test_tails.py
]


def media(name: str, modality: Modality, items: int = 2) -> torch.Tensor:
    drawn = torch.Generator().manual_seed(3)
    if name == "feature_mlp":
        return torch.randn(items, 7, generator=drawn)
    if modality == "voice":
        samples = 16_000 if name == "vgg_m_voice" else 6000
        return torch.randint(-3000, 3000, (items, samples), generator=drawn).to(torch.int16)
    size = {"ir_50": 112, "aml_face": 224, "dsanet_face": 224, "vgg_m_face": 224}.get(name, 64)
    return torch.rand(items, 3, size, size, generator=drawn) * 2 - 1


def encoder(name: str, modality: Modality) -> nn.Module:
    return make_encoder(name, modality, **SETTINGS.get(name, {}))


@pytest.mark.parametrize(("name", "modality"), EVERY_ENCODER)
def test_every_encoder_turns_media_into_features_of_its_width(name: str, modality: Modality) -> None:
    network = encoder(name, modality)
    features_BD = network(media(name, modality))
    assert network.modality == modality
    assert features_BD.shape == (2, network.width)
    assert features_BD.dtype == torch.float32
    assert features_BD.isfinite().all()


@pytest.mark.parametrize(("name", "modality"), EVERY_ENCODER)
def test_in_eval_mode_features_do_not_depend_on_the_batch(name: str, modality: Modality) -> None:
    network = encoder(name, modality).eval()
    with torch.no_grad():
        together = network(media(name, modality))
        alone = network(media(name, modality)[:1])
    torch.testing.assert_close(together[:1], alone, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("name", "modality"), [pair for pair in EVERY_ENCODER if pair[0] != "ir_50"])
def test_every_parameter_of_an_encoder_can_learn(name: str, modality: Modality) -> None:
    network = encoder(name, modality)
    network(media(name, modality)).square().sum().backward()
    without = [key for key, value in network.named_parameters() if value.grad is None]
    assert without == []


@pytest.mark.parametrize("modality", ["voice", "face"])
def test_the_same_seed_draws_the_same_encoder(modality: Modality) -> None:
    networks = []
    for _ in range(2):
        torch.manual_seed(5)
        networks.append(encoder(f"small_{modality}", modality))
    for first, second in zip(*(network.parameters() for network in networks), strict=True):
        assert first.equal(second)


def test_the_output_of_a_small_face_encoder_depends_on_where_things_are() -> None:
    network = encoder("small_face", "face").eval()
    faces_BCHW = -torch.ones(2, 3, 64, 64)
    faces_BCHW[0, :, 8:24, 8:24] = 1
    faces_BCHW[1, :, 40:56, 40:56] = 1
    with torch.no_grad():
        first, second = network(faces_BCHW)
    assert not torch.allclose(first, second)


@pytest.mark.parametrize("size", [32, 48, 64, 112])
def test_a_small_face_encoder_takes_any_size(size: int) -> None:
    assert encoder("small_face", "face")(torch.zeros(2, 3, size, size)).shape == (2, 24)


def test_a_misspelt_encoder_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"voice encoder: unknown name 'resnet_se_34'.*'resnet_se_34l'"):
        make_encoder("resnet_se_34", "voice")


def test_a_voice_encoder_is_not_on_the_face_shelf() -> None:
    with pytest.raises(ConfigError, match="face encoder: unknown name 'thin_resnet_34'"):
        make_encoder("thin_resnet_34", "face")


def test_a_setting_an_encoder_does_not_take_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown setting 'chanels'\. Settings: channels, width"):
        make_encoder("small_face", "face", chanels=4, width=24)


def test_a_setting_left_out_is_named() -> None:
    with pytest.raises(ConfigError, match="setting 'width' is missing"):
        make_encoder("small_voice", "voice", channels=4)


def test_settings_tell_what_an_encoder_takes() -> None:
    assert settings_of("small_face", "face") == {"channels": True, "width": True}
    assert settings_of("resnet_se_34l", "voice") == {}
    assert settings_of("thin_resnet_34", "voice") == {"width": True, "pooling": False}
