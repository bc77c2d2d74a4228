import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from vfal.datasets.generated.faces import photograph_of
from vfal.datasets.generated.people import FACE_FACTORS, SHARED_FACTORS, VOICE_FACTORS, Side
from vfal.datasets.generated.voices import SAMPLE_RATE_HZ, clip_of


def plain(factors: tuple[str, ...], **shared: float) -> Side:
    return Side(
        male=True,
        nationality=0,
        shared=dict.fromkeys(SHARED_FACTORS, 0.0) | shared,
        private=dict.fromkeys(factors, 0.0),
    )


def pitch_hz(samples: np.ndarray) -> float:
    """Median over loud frames of the highest autocorrelation peak between 60 and 400 Hz."""
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(float), 1024)[::256]
    frames = frames[frames.std(axis=1) > 0.5 * samples.std()]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(1024), 4096)) ** 2
    spectra[:, int(1500 / SAMPLE_RATE_HZ * 4096) :] = 0
    correlation = np.fft.irfft(spectra)[:, : SAMPLE_RATE_HZ // 60]
    shortest = SAMPLE_RATE_HZ // 400
    return float(np.median(SAMPLE_RATE_HZ / (shortest + correlation[:, shortest:].argmax(axis=1))))


def voice(settings, side: Side, clip: int = 0) -> np.ndarray:
    return clip_of(settings, 1, "id10001", side, clip, 0)


def picture(settings, side: Side, number: int = 0) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(photograph_of(settings, 1, "id10001", side, number)))).astype(
        float
    )


def test_a_clip_is_16_bit_and_as_long_as_asked_for(settings):
    samples = voice(settings, plain(VOICE_FACTORS))
    assert samples.dtype == np.int16
    assert 0.6 <= len(samples) / SAMPLE_RATE_HZ <= 0.91
    assert np.abs(samples).max() > 1_000


def test_a_womans_voice_is_higher_than_a_mans(settings):
    man = plain(VOICE_FACTORS)
    low, high = pitch_hz(voice(settings, man)), pitch_hz(voice(settings, replace(man, male=False)))
    assert 90 < low < 140 < 170 < high < 240


def test_depth_lowers_the_pitch(settings):
    assert pitch_hz(voice(settings, plain(VOICE_FACTORS, depth=2.0))) < 0.8 * pitch_hz(
        voice(settings, plain(VOICE_FACTORS, depth=-2.0))
    )


@pytest.mark.parametrize("factor", SHARED_FACTORS)
def test_every_shared_factor_is_heard_and_seen(settings, factor):
    quiet = settings.model_copy(update={"voice_nuisance": 0.0, "face_nuisance": 0.0})
    low, high = ({factor: -1.5}, {factor: 1.5})
    assert not np.array_equal(
        voice(quiet, plain(VOICE_FACTORS, **low)), voice(quiet, plain(VOICE_FACTORS, **high))
    )
    difference = picture(quiet, plain(FACE_FACTORS, **low)) - picture(quiet, plain(FACE_FACTORS, **high))
    assert np.abs(difference).mean() > 2.0


def test_clips_and_pictures_of_one_person_differ(settings):
    assert not np.array_equal(
        voice(settings, plain(VOICE_FACTORS), 0)[:9_000], voice(settings, plain(VOICE_FACTORS), 1)[:9_000]
    )
    assert (
        np.abs(picture(settings, plain(FACE_FACTORS), 0) - picture(settings, plain(FACE_FACTORS), 1)).mean()
        > 5
    )


@pytest.mark.parametrize("extreme", [-9.0, 9.0])
def test_extreme_people_still_get_a_voice_and_a_face(settings, extreme):
    shared = dict.fromkeys(SHARED_FACTORS, extreme)
    for male in (True, False):
        side = Side(male, 3, shared, dict.fromkeys(VOICE_FACTORS, extreme))
        assert np.abs(voice(settings, side)).max() > 1_000
        side = Side(male, 3, shared, dict.fromkeys(FACE_FACTORS, extreme))
        assert picture(settings, side).shape == (48, 48, 3)
