import pytest
import torch

from vfal.core.errors import DataError
from vfal.nn.front_ends import LinearSpectrogram, LogMel


def clip(samples: int = 8000) -> torch.Tensor:
    """Two vowels-like clips in int16 scale: three harmonics, slowly swelling."""
    t = torch.arange(samples) / 16_000
    waves = [sum(torch.sin(6.2832 * k * f0 * t) / k for k in (1, 2, 3)) for f0 in (112.0, 200.0)]
    return torch.stack([wave * (1 + t) * 3000 for wave in waves])


@pytest.mark.parametrize(("front_end", "bands"), [(LogMel(), 40), (LinearSpectrogram(), 257)])
def test_a_clip_gives_one_frame_every_ten_milliseconds(front_end: torch.nn.Module, bands: int) -> None:
    assert front_end(clip(8000)).shape == (2, bands, 51)
    assert front_end(clip(40_000)).shape == (2, bands, 251)


@pytest.mark.parametrize("front_end", [LogMel(), LinearSpectrogram()])
def test_each_band_has_mean_nought_over_time(front_end: torch.nn.Module) -> None:
    bands_BFT = front_end(clip())
    torch.testing.assert_close(bands_BFT.mean(dim=2), torch.zeros(bands_BFT.shape[:2]), atol=1e-3, rtol=0)


@pytest.mark.parametrize("front_end", [LogMel(), LinearSpectrogram()])
def test_loudness_does_not_matter(front_end: torch.nn.Module) -> None:
    torch.testing.assert_close(front_end(clip() / 4), front_end(clip()), atol=2e-2, rtol=0)


@pytest.mark.parametrize("front_end", [LogMel(), LinearSpectrogram()])
def test_silence_gives_finite_bands(front_end: torch.nn.Module) -> None:
    assert front_end(torch.zeros(1, 8000)).isfinite().all()


def test_int16_and_float_waves_of_one_scale_are_the_same_clip() -> None:
    wave_BT = clip().round()
    front_end = LogMel()
    torch.testing.assert_close(front_end(wave_BT.to(torch.int16)), front_end(wave_BT))


@pytest.mark.parametrize("front_end", [LogMel(), LinearSpectrogram()])
def test_a_clip_shorter_than_one_window_is_refused(front_end: torch.nn.Module) -> None:
    with pytest.raises(DataError, match="at least 400 samples"):
        front_end(torch.zeros(2, 399))


def test_the_spectrum_of_a_tone_stands_at_its_frequency() -> None:
    tone_BT = torch.sin(6.2832 * 2000 * torch.arange(16_000) / 16_000)[None] * 3000
    magnitudes_BFT = LinearSpectrogram().spectrogram(tone_BT)
    assert magnitudes_BFT.mean(dim=2).argmax().item() == 2000 * 512 // 16_000
