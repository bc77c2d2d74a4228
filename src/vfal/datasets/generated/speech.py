"""From an accent and a random text to the tracks that drive the synthesiser, one value per frame."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vfal.datasets.generated.accents import ACCENTS, CONSONANTS, NOISES_HZ, VOWELS_HZ, Accent

FRAME_S = 0.008  # 128 samples at 16 kHz
_NOISES = tuple(NOISES_HZ)
_SPREAD_S = 0.04  # how long the mouth takes from one sound to the next
_BURST_S = 0.016

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """What the voice does in each of T frames.

    `first_T`, `second_T` formants of a man's tract in Hz; `voicing_T` and `nasal_T` in [0, 1];
    `frication_TK` amplitude of each noise of `NOISES_HZ`; `melody_T` semitones around the speaker's
    pitch.
    """

    first_T: Floats
    second_T: Floats
    voicing_T: Floats
    nasal_T: Floats
    frication_TK: Floats
    melody_T: Floats


def write_score(
    nationality: int, frames: int, *, tempo: float, swing: float, draw: np.random.Generator
) -> Score:
    """A random utterance of `frames` frames in the accent of a nation.

    `tempo` scales speed and `swing` the movements of pitch (1 = the accent's own).
    """
    accent = ACCENTS[nationality]
    rows: list[tuple[float, ...]] = []
    lengths: list[int] = []
    peaks: list[tuple[int, float]] = []
    pause = 4 + int(draw.integers(6))
    _add(rows, lengths, pause, (500.0, 1450.0, 0.0, 0.0), None, 0.0)
    while sum(lengths) < frames:
        start = sum(lengths)
        _add_syllable(rows, lengths, accent, tempo, draw)
        sign = 1.0 if len(peaks) % 2 == 0 else -1.0
        peaks.append(((start + sum(lengths)) // 2, sign * accent.swing * swing * draw.uniform(0.5, 1.4)))
    tracks = np.repeat(np.asarray(rows), lengths, axis=0)[:frames]
    tail = np.clip((frames - np.arange(frames)) / 10.0, 0.0, 1.0)
    tracks[:, :2] = _smooth(tracks[:, :2], round(_SPREAD_S / FRAME_S) | 1)
    tracks[:, 2:] = _smooth(tracks[:, 2:], 3)
    return Score(
        first_T=tracks[:, 0],
        second_T=tracks[:, 1],
        voicing_T=tracks[:, 2] * tail,
        nasal_T=tracks[:, 3],
        frication_TK=tracks[:, 4:] * tail[:, None],
        melody_T=_melody(accent, frames, swing, peaks),
    )


def _add_syllable(
    rows: list[tuple[float, ...]],
    lengths: list[int],
    accent: Accent,
    tempo: float,
    draw: np.random.Generator,
) -> None:
    """Onset, vowel and perhaps a coda."""
    _add_consonant(rows, lengths, _pick(accent.consonants, draw), tempo)
    first, second = VOWELS_HZ[_pick(accent.vowels, draw)]
    wobble_2 = 1.0 + 0.03 * draw.standard_normal(2)
    vowel_s = accent.vowel_s * float(np.exp(accent.stress * draw.standard_normal())) / tempo
    targets = (first * accent.first_shift * wobble_2[0], second * accent.second_shift * wobble_2[1], 1.0, 0.0)
    _add(rows, lengths, max(4, round(vowel_s / FRAME_S)), targets, None, 0.0)
    if draw.random() < accent.coda_ratio:
        _add_consonant(rows, lengths, _pick(accent.consonants, draw), tempo)
    if draw.random() < 0.06:
        _add(rows, lengths, 8 + int(draw.integers(10)), (500.0, 1450.0, 0.0, 0.0), None, 0.0)


def _add_consonant(rows: list[tuple[float, ...]], lengths: list[int], symbol: str, tempo: float) -> None:
    sound = CONSONANTS[symbol]
    hold = max(3, round(sound.duration_s / tempo / FRAME_S))
    if sound.stop:
        _add(rows, lengths, hold, (sound.first_hz, sound.second_hz, 0.0, 0.0), None, 0.0)
        hold = round(_BURST_S / FRAME_S)
    targets = (sound.first_hz, sound.second_hz, sound.voicing, sound.nasal)
    _add(rows, lengths, hold, targets, sound.noise, sound.frication)


def _add(
    rows: list[tuple[float, ...]],
    lengths: list[int],
    hold: int,
    targets: tuple[float, ...],
    noise: str | None,
    frication: float,
) -> None:
    rows.append((*targets, *(frication if name == noise else 0.0 for name in _NOISES)))
    lengths.append(hold)


def _pick(symbols: tuple[str, ...], draw: np.random.Generator) -> str:
    return symbols[int(draw.integers(len(symbols)))]


def _smooth(tracks_TK: Floats, width: int) -> Floats:
    """Moving average over an odd number of frames, ends held."""
    half = width // 2
    sums = np.cumsum(np.pad(tracks_TK, ((half + 1, half), (0, 0)), mode="edge"), axis=0)
    return np.asarray((sums[width:] - sums[:-width]) / width)


def _melody(accent: Accent, frames: int, swing: float, peaks: list[tuple[int, float]]) -> Floats:
    """Semitones per frame: fall over the phrase, turn at its end, swing between syllables."""
    place_T = np.linspace(0.0, 1.0, frames)
    slope_T = accent.fall * (0.5 - place_T) + accent.end_rise * np.clip((place_T - 0.75) / 0.25, 0.0, 1.0)
    centres, heights = zip(*peaks, strict=True)
    return np.asarray(swing * slope_T + np.interp(np.arange(frames), centres, heights))
