"""The published encoders of AML, DSANet and SVHF: sizes, shapes and what they refuse."""

import numpy as np
import pytest
import torch
from torch import nn

from vfal.core.errors import DataError
from vfal.nn.decibel_spectrogram import DecibelSpectrogram
from vfal.nn.tiny_encoders import AMLFace, AMLVoice, DSANetFace, DSANetVoice
from vfal.nn.vgg_m import VGGMFace, VGGMVoice

WAVE_BT = torch.from_numpy(np.random.default_rng(1).normal(0, 3000, (2, 40_000)).astype(np.float32))


@pytest.mark.parametrize(("encoder", "width"), [(AMLFace, 3200), (DSANetFace, 4608)])
def test_the_face_maps_fill_the_generators_inputs(encoder: type[nn.Module], width: int) -> None:
    network = encoder().eval()
    with torch.no_grad():
        assert network(torch.rand(1, 3, 224, 224) * 2 - 1).shape == (1, width) == (1, network.width)


@pytest.mark.parametrize(("encoder", "width"), [(AMLVoice, 3200), (DSANetVoice, 4608)])
@pytest.mark.parametrize("samples", [400, 16_000, 40_000, 100_000])
def test_voice_maps_have_one_size_whatever_the_clips_length(
    encoder: type[nn.Module], width: int, samples: int
) -> None:
    network = encoder().eval()
    with torch.no_grad():
        assert network(WAVE_BT.repeat(1, 3)[:1, :samples]).shape == (1, width)


def test_pictures_of_another_size_are_refused() -> None:
    with pytest.raises(DataError, match=r"found \(1, 3, 64, 64\), expected \(B, 3, 224, 224\)"):
        AMLFace()(torch.zeros(1, 3, 64, 64))


def test_decibels_are_counted_from_the_loudest_bin_and_end_80_below() -> None:
    half = DecibelSpectrogram("half")(WAVE_BT)
    assert half.shape == (2, 1, 224, 125)
    assert half.min() >= -161 and half.max() <= -1
    assert torch.allclose(half, DecibelSpectrogram("half")(WAVE_BT * 0.1), atol=1e-2)  # loudness is lost
    unit = DecibelSpectrogram("unit")(WAVE_BT)
    assert unit.amin(dim=(1, 2, 3)).tolist() == [-1, -1] and unit.amax(dim=(1, 2, 3)).tolist() == [1, 1]


def test_a_tone_stands_in_its_bin() -> None:
    seconds_T = torch.arange(48_000) / 16_000
    tone_BT = 8000 * torch.sin(2 * torch.pi * 1000 * seconds_T)[None]
    loudest_T = DecibelSpectrogram("half")(tone_BT)[0, 0, :, 10:-10].argmax(0)
    assert set(loudest_T.tolist()) == {round(1000 * 2048 / 22_050)}


def test_a_clip_below_25_ms_is_refused() -> None:
    with pytest.raises(DataError, match=r"found shape \(1, 300\)"):
        AMLVoice()(torch.zeros(1, 300))


def test_vgg_m_sees_all_512_bins_of_whole_seconds() -> None:
    with torch.device("meta"):
        network = VGGMVoice()
    network.front_end = type(network.front_end)()
    spectrum_BFT = network.spectrum(WAVE_BT)  # 2.5 s
    assert spectrum_BFT.shape == (2, 512, 200)
    torch.testing.assert_close(spectrum_BFT[:, 1:256], spectrum_BFT[:, 257:].flip(1))
    with pytest.raises(DataError, match="found 51 frames of 10 ms, expected at least 100"):
        network.spectrum(WAVE_BT[:, :8000])


@pytest.mark.parametrize(("frames", "left"), [(100, 2), (200, 5), (300, 8), (400, 11), (500, 14), (1000, 30)])
def test_vgg_ms_last_maps_are_as_wide_as_the_published_pools(frames: int, left: int) -> None:
    with torch.device("meta"):
        maps_BCFT = VGGMVoice().layers(torch.empty(1, 1, 512, frames))
    assert maps_BCFT.shape == (1, 4096, 1, left)


def test_vgg_m_brings_a_face_down_to_one_place() -> None:
    with torch.device("meta"):
        network = VGGMFace().eval()
        assert network.layers(torch.empty(1, 3, 224, 224)).shape == (1, 4096, 1, 1)
        assert network(torch.empty(2, 3, 224, 224)).shape == (2, 1024)
