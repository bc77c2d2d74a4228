"""How people of each nation speak: their vowels, consonants, rhythm and melody."""

from dataclasses import dataclass

# First two formants of a man's vowels, in Hz (Peterson and Barney 1952 and textbook values, rounded).
VOWELS_HZ = {
    "i": (290, 2250), "y": (300, 1800), "e": (420, 2000), "oe": (430, 1500), "E": (560, 1800),
    "ae": (690, 1650), "a": (740, 1250), "schwa": (500, 1450), "O": (580, 900), "o": (430, 800),
    "u": (310, 750), "w": (320, 1300),
}  # fmt: skip


@dataclass(frozen=True)
class Consonant:
    """Targets of one consonant.

    `first_hz`, `second_hz` are where the formants go; `voicing` and `frication` are amplitudes between
    0 and 1; `noise` names one of `NOISES_HZ`; `nasal` is 1 with the mouth closed; a stop is silent
    before its burst.
    """

    first_hz: float
    second_hz: float
    duration_s: float
    voicing: float
    frication: float
    noise: str
    nasal: float = 0.0
    stop: bool = False


# Centre and width of frication, in Hz.
NOISES_HZ = {"s": (6200, 1500), "sh": (3300, 1200), "f": (5000, 3500), "k": (1900, 700), "p": (900, 900)}

CONSONANTS = {
    "p": Consonant(300, 800, 0.055, 0.0, 0.5, "p", stop=True),
    "t": Consonant(300, 1750, 0.055, 0.0, 0.8, "s", stop=True),
    "k": Consonant(300, 2000, 0.06, 0.0, 0.8, "k", stop=True),
    "s": Consonant(350, 1700, 0.1, 0.0, 1.0, "s"),
    "sh": Consonant(350, 1900, 0.1, 0.0, 1.0, "sh"),
    "f": Consonant(350, 1100, 0.09, 0.0, 0.45, "f"),
    "z": Consonant(300, 1700, 0.08, 0.35, 0.5, "s"),
    "m": Consonant(270, 1000, 0.07, 0.55, 0.0, "f", nasal=1.0),
    "n": Consonant(280, 1650, 0.07, 0.55, 0.0, "f", nasal=1.0),
    "l": Consonant(360, 1150, 0.06, 0.7, 0.0, "f"),
    "r": Consonant(430, 1350, 0.055, 0.6, 0.05, "f"),
    "j": Consonant(290, 2200, 0.06, 0.7, 0.0, "f"),
}


@dataclass(frozen=True)
class Accent:
    """What a nation does to speech.

    `vowels` and `consonants` are drawn with equal chances (a symbol named twice comes twice as often);
    `first_shift`, `second_shift` scale the vowels' formants; `coda_ratio` is the share of closed
    syllables; `vowel_s` the mean length of a vowel and `stress` how unequal vowels are; the melody is
    given in semitones: fall over the phrase, rise at its end, and swing from syllable to syllable.
    """

    vowels: tuple[str, ...]
    consonants: tuple[str, ...]
    first_shift: float
    second_shift: float
    coda_ratio: float
    vowel_s: float
    stress: float
    fall: float
    end_rise: float
    swing: float


ACCENTS = (
    Accent(("i", "e", "a", "a", "o", "u"), ("p", "t", "k", "l", "r", "r", "s", "m"),
           1.00, 1.03, 0.10, 0.115, 0.08, 2.0, -1.0, 0.4),
    Accent(("i", "y", "e", "oe", "a", "y"), ("sh", "sh", "z", "f", "t", "l", "n", "j"),
           0.94, 1.08, 0.30, 0.125, 0.12, 1.0, 5.0, 0.5),
    Accent(("schwa", "schwa", "ae", "O", "i"), ("t", "k", "p", "s", "n", "f", "r"),
           1.06, 0.95, 0.75, 0.105, 0.42, 4.5, -2.5, 0.9),
    Accent(("e", "E", "ae", "oe", "u"), ("m", "n", "n", "m", "l", "k", "j"),
           1.08, 1.00, 0.35, 0.145, 0.22, 1.5, 1.0, 2.4),
    Accent(("i", "w", "w", "a", "o"), ("s", "s", "z", "t", "k", "sh", "n"),
           0.92, 0.92, 0.50, 0.090, 0.10, 3.0, -4.5, 1.2),
    Accent(("E", "a", "O", "O", "u"), ("l", "r", "l", "j", "m", "f", "p"),
           1.02, 0.90, 0.05, 0.175, 0.30, -0.5, -3.0, 1.0),
)  # fmt: skip
