"""Voices: a source-filter synthesiser that works on short-time spectra.

A train of glottal pulses and a noise are cut into frames; each frame's spectrum is multiplied by the
response of a vocal tract (an all-pole filter of four moving and three fixed formants) and added up
again. A person is a set of constants (pitch, tract, source); a clip adds text, tempo, loudness, room
and noise. Source and filter are those of Klatt (1980), much simplified.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vfal.core.config.generated import GeneratedCorpus
from vfal.core.seeding import generator
from vfal.datasets.generated.accents import NOISES_HZ
from vfal.datasets.generated.people import Floats, Side
from vfal.datasets.generated.speech import Score, write_score

SAMPLE_RATE_HZ = 16_000
_HOP = 128
_WINDOW = 512
_BINS_HZ = np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE_HZ)
_HANN = np.hanning(_WINDOW + 1)[:-1]
_HIGH_FORMANTS_HZ = np.array([4500.0, 5500.0, 6500.0])
_FIRST_BANDWIDTHS_HZ = np.array([70.0, 90.0, 130.0, 180.0, 250.0, 300.0, 400.0])
_LIMIT = 2.8  # beyond this many standard deviations a factor shows no further


@dataclass(frozen=True)
class Speaker:
    """A voice as constants of the synthesiser.

    `tract` scales the first, the second and all higher formants (1 = a man's); `third_hz` and
    `fourth_hz` are a man's, before that scaling; `bandwidth` scales the formants' widths; `tilt` is the
    exponent of the source's decay; `breath`, `jitter`, `shimmer`, `tremor` are ratios; `swing` scales
    the accent's melody, `hiss` the centre of frication (1 = a man's) and `sibilance` its strength.
    """

    pitch_hz: float
    tract: tuple[float, ...]
    third_hz: float
    fourth_hz: float
    bandwidth: float
    tilt: float
    breath: float
    jitter: float
    shimmer: float
    tremor: float
    tempo: float
    nasality: float
    swing: float
    hiss: float
    sibilance: float


def speaker_of(side: Side, private_strength: float) -> Speaker:
    """How a person's factors are heard."""
    shared = {name: float(np.clip(value, -_LIMIT, _LIMIT)) for name, value in side.shared.items()}
    own = {
        name: float(np.clip(private_strength * value, -_LIMIT, _LIMIT))
        for name, value in side.private.items()
    }
    size, depth, age, full = (shared[name] for name in ("size", "depth", "age", "fullness"))
    woman = 0.0 if side.male else 1.0
    # A woman's tract is not a man's made smaller: the lower formants rise more (Fant 1966), and hiss is
    # higher. Size lowers the upper formants most and a deep larynx the first one, so that a small man is
    # not taken for a woman.
    lower = 0.25 * woman - 0.010 * size - 0.055 * depth + 0.010 * own["fine_tract"]
    middle = 0.22 * woman - 0.050 * size + 0.010 * own["fine_tract"]
    upper = 0.13 * woman - 0.085 * size + 0.010 * own["fine_tract"]
    return Speaker(
        pitch_hz=(112.0 if side.male else 206.0) * float(np.exp(-0.16 * depth + 0.03 * own["fine_pitch"])),
        tract=tuple(float(np.exp(shift)) for shift in (lower, middle, upper)),
        third_hz=2550.0 * (1 + 0.025 * own["third_formant"]),
        fourth_hz=3500.0 * (1 + 0.025 * own["fourth_formant"]),
        bandwidth=float(np.exp(0.42 * full)),
        tilt=0.5 + 0.35 * woman + 0.2 * full,
        breath=(0.02 if side.male else 0.10) * float(np.exp(0.25 * full)),
        jitter=0.008 * float(np.exp(0.55 * age)),
        shimmer=0.06 * float(np.exp(0.5 * age)),
        tremor=0.008 * float(np.exp(0.6 * age)),
        tempo=float(np.exp(-0.14 * age + 0.03 * own["liveliness"])),
        nasality=float(np.clip(0.25 + 0.18 * own["nasality"], 0.0, 0.8)),
        swing=float(np.exp(0.3 * woman + 0.35 * own["pitch_range"])),
        hiss=1.0 + 0.22 * woman,
        sibilance=float(np.exp(0.3 * own["sibilance"])),
    )


def clip_of(
    settings: GeneratedCorpus, seed: int, identity: str, side: Side, clip: int, session: int
) -> npt.NDArray[np.int16]:
    """Samples (T,) of clip `clip` of a person, 16 kHz mono.

    Clips of the same `session` share room, microphone and noise. Equal arguments give equal samples.
    """
    place = generator(seed, "session", identity, session)
    draw = generator(seed, "voice", identity, clip)
    speaker, strength = speaker_of(side, settings.private_strength), settings.voice_nuisance
    seconds = draw.uniform(settings.clip_min_s, settings.clip_max_s)
    frames = round(seconds * SAMPLE_RATE_HZ / _HOP)
    tempo = speaker.tempo * float(np.exp(0.07 * strength * draw.standard_normal()))
    score = write_score(side.nationality, frames, tempo=tempo, swing=speaker.swing, draw=draw)
    pitch_hz = speaker.pitch_hz * float(np.exp(0.03 * strength * draw.standard_normal()))
    clean = _speak(speaker, score, pitch_hz, draw)
    heard = _record(clean, strength, place, draw)
    loudness = 10 ** (draw.uniform(-28.0, -16.0) / 20) / (np.sqrt(np.mean(heard**2)) + 1e-9)
    level = 32_767 * min(loudness, 0.95 / (np.abs(heard).max() + 1e-9))
    return np.asarray(np.clip(np.rint(heard * level), -32_768, 32_767), dtype=np.int16)


def _speak(speaker: Speaker, score: Score, pitch_hz: float, draw: np.random.Generator) -> Floats:
    """The dry voice (T,), of any loudness."""
    frames = len(score.first_T)
    pulses = _pulses(speaker, pitch_hz * 2 ** (score.melody_T / 12), draw)
    pulses_TF = _spectra(pulses, frames)
    noise_TF = _spectra(draw.standard_normal(frames * _HOP), frames)
    tract_TF = _tract(speaker, score)
    source_F = (1 + (_BINS_HZ / 250.0) ** 2) ** (-speaker.tilt / 2)
    # A 100 Hz train has half the pulses of a 200 Hz one; equal power needs the square root of the period.
    voiced_TF = pulses_TF * source_F * (np.sqrt(SAMPLE_RATE_HZ / pitch_hz))
    breath_F = speaker.breath * (_BINS_HZ / 8000.0) ** 0.5
    mouth_TF = (voiced_TF + noise_TF * breath_F) * tract_TF * score.voicing_T[:, None]
    shapes_KF = np.stack(
        [
            np.exp(-0.5 * ((_BINS_HZ / speaker.hiss - centre) / width) ** 2)
            for centre, width in NOISES_HZ.values()
        ]
    )
    hiss_TF = np.einsum("tk,kf->tf", score.frication_TK, shapes_KF) * (0.35 * speaker.sibilance)
    return _overlap_add(mouth_TF + noise_TF * hiss_TF)


def _pulses(speaker: Speaker, pitch_T: Floats, draw: np.random.Generator) -> Floats:
    """Glottal pulses (samples,): a spike per period, with jitter, shimmer and tremor."""
    length = len(pitch_T) * _HOP
    times = np.arange(length)
    tremor = 1 + speaker.tremor * np.sin(2 * np.pi * (5.0 * times / SAMPLE_RATE_HZ + draw.random()))
    cycles = np.cumsum(np.interp(times, np.arange(len(pitch_T)) * _HOP, pitch_T) * tremor) / SAMPLE_RATE_HZ
    periods = np.arange(1, int(cycles[-1]))
    spikes = np.interp(periods, cycles, times)
    spikes += speaker.jitter * draw.standard_normal(len(spikes)) * np.gradient(spikes)
    heights = np.maximum(0.1, 1 + speaker.shimmer * draw.standard_normal(len(spikes)))
    spikes = np.clip(spikes, 0, length - 2)
    whole = spikes.astype(np.int64)
    rest = spikes - whole
    train = np.bincount(whole, heights * (1 - rest), minlength=length)
    return np.asarray(train + np.bincount(whole + 1, heights * rest, minlength=length))


def _tract(speaker: Speaker, score: Score) -> npt.NDArray[np.complex128]:
    """Response (T, F) of the vocal tract: all poles, and the notch of an open nose."""
    frames = len(score.first_T)
    fixed_hz = np.concatenate([[speaker.third_hz, speaker.fourth_hz], _HIGH_FORMANTS_HZ])
    formants_TK = np.column_stack(
        [score.first_T, score.second_T, np.broadcast_to(fixed_hz, (frames, len(fixed_hz)))]
    )
    scale_K = np.array([*speaker.tract[:2], *[speaker.tract[2]] * len(fixed_hz)])
    formants_TK = np.minimum(formants_TK * scale_K, 7600.0)
    radius_K = np.exp(-np.pi * _FIRST_BANDWIDTHS_HZ * speaker.bandwidth / SAMPLE_RATE_HZ)
    cosines_TK = np.cos(2 * np.pi * formants_TK / SAMPLE_RATE_HZ)
    poles_TC = np.ones((frames, 1))
    gain_T = np.ones(frames)
    for formant, radius in enumerate(radius_K):
        once, twice = -2 * radius * cosines_TK[:, formant], radius**2
        wider = np.zeros((frames, poles_TC.shape[1] + 2))
        wider[:, :-2] += poles_TC
        wider[:, 1:-1] += poles_TC * once[:, None]
        wider[:, 2:] += poles_TC * twice
        poles_TC = wider
        gain_T = gain_T * (1 + once + twice)
    notch_F = np.exp(-0.5 * ((_BINS_HZ - 850.0 * speaker.tract[0]) / 220.0) ** 2)
    murmur_F = 1 / (1 + (_BINS_HZ / 900.0) ** 2)
    nose_T = np.maximum(speaker.nasality, score.nasal_T)[:, None]
    nose_TF = (1 - 0.9 * nose_T * notch_F) * (1 - score.nasal_T[:, None] * (1 - murmur_F))
    return np.asarray(nose_TF * gain_T[:, None] / np.fft.rfft(poles_TC, _WINDOW, axis=1))


def _record(clean: Floats, strength: float, place: np.random.Generator, draw: np.random.Generator) -> Floats:
    """The voice as a microphone in a room gets it: reverberation, colour and noise."""
    decay_s = 0.02 + 0.10 * strength * place.random()
    tail = place.standard_normal(int(3 * decay_s * SAMPLE_RATE_HZ))
    tail *= np.exp(-np.arange(len(tail)) / (decay_s * SAMPLE_RATE_HZ))
    tail *= 0.5 * strength * place.random() / (np.linalg.norm(tail) + 1e-9)
    tail[0] = 1.0
    size = 1 << (len(clean) + len(tail)).bit_length()
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ)
    knots_hz = np.array([0.0, 300.0, 1000.0, 2500.0, 5000.0, 8000.0])
    colour_db = np.interp(hz, knots_hz, 2.5 * strength * place.standard_normal(len(knots_hz)))
    spectrum = np.fft.rfft(clean, size) * np.fft.rfft(tail, size) * 10 ** (colour_db / 20)
    heard = np.fft.irfft(spectrum, size)[: len(clean)]
    snr_db = 38.0 - strength * place.uniform(0.0, 16.0) - strength * draw.uniform(0.0, 6.0)
    hiss = draw.standard_normal(len(clean))
    hiss[1:] += place.uniform(0.0, 0.9) * hiss[:-1]
    level = np.sqrt(np.mean(heard**2) / np.mean(hiss**2)) * 10 ** (-snr_db / 20)
    return np.asarray(heard + level * hiss)


def _spectra(samples: Floats, frames: int) -> npt.NDArray[np.complex128]:
    """Spectra (T, F) of Hann-windowed frames, one per hop, centred on it."""
    padded = np.pad(samples, (_WINDOW // 2, _WINDOW))
    frames_TW = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP][:frames]
    return np.asarray(np.fft.rfft(frames_TW * _HANN, axis=1))


def _overlap_add(spectra_TF: npt.NDArray[np.complex128]) -> Floats:
    """Samples from spectra; a Hann window at a quarter of its length sums to two."""
    frames_TW = np.fft.irfft(spectra_TF, _WINDOW, axis=1)
    frames, quarters = len(frames_TW), _WINDOW // _HOP
    total = np.zeros((frames + quarters - 1, _HOP))
    for quarter in range(quarters):
        total[quarter : quarter + frames] += frames_TW[:, quarter * _HOP : (quarter + 1) * _HOP]
    start = quarters // 2
    return np.asarray(total.reshape(-1)[start * _HOP : (start + frames) * _HOP] / 2)
