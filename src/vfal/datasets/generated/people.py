"""Who the generated people are: what their voice and face have in common, and what each has alone.

A person has a sex, a nationality and four standard-normal factors. The voice shows them and the face
shows them, each with noise of its own:

    sex           as it is
    nationality   as it is with probability `nationality_agreement_ratio`, else any of the other five
    factor        factor + `factor_noise` * N(0, 1)

and each has standard-normal factors that the other side knows nothing of. A *personalised* identity
lends its voice from someone else: an independent draw of sex, nationality and factors, or, with
`contrary`, the opposite sex, the opposite nationality and the mirrored factors. The table of people
gives the sex and nationality that the face comes from.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vfal.core.config.generated import GeneratedCorpus
from vfal.core.seeding import derive_seed, generator
from vfal.datasets.generated.names import NATIONALITIES, first_name, last_name

SHARED_FACTORS = ("depth", "size", "age", "fullness")
VOICE_FACTORS = (
    "fine_pitch", "fine_tract", "third_formant", "fourth_formant", "nasality", "pitch_range", "liveliness",
    "sibilance",
)  # fmt: skip
FACE_FACTORS = (
    "eye_spacing", "eye_size", "eye_height", "eye_tilt", "nose_length", "nose_width", "mouth_width",
    "mouth_height", "lip_shape", "ear_size", "brow_tilt", "brow_height", "fringe", "hair_volume", "freckles",
    "beard",
)  # fmt: skip

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """What one modality of one person shows: its sex, its nationality and its factors by name."""

    male: bool
    nationality: int
    shared: dict[str, float]
    private: dict[str, float]


@dataclass(frozen=True)
class Person:
    """One generated identity."""

    identity: str
    name: str
    male: bool
    nationality: int
    personalised: bool
    voice: Side
    face: Side


def draw_person(settings: GeneratedCorpus, seed: int, number: int) -> Person:
    """Person `number` (from 0) of the corpus; depends on nobody else.

    Every draw is made whether it is used or not, so that changing a knob changes only what it is about:
    the same people are personalised at a share of 0.2 as at 0.1, and some more.
    """
    draw = generator(seed, "person", number)
    ratio = draw.random()
    own, other = _draw_shared(draw), _draw_shared(draw)
    noise_2F = settings.factor_noise * draw.standard_normal((2, len(SHARED_FACTORS)))
    strays_2, shift_2 = draw.random(2), draw.integers(1, len(NATIONALITIES), size=2)
    voice_private = draw.standard_normal(len(VOICE_FACTORS))
    face_private = draw.standard_normal(len(FACE_FACTORS))
    personalised = bool(ratio < settings.personalised_ratio)
    lent = own
    if personalised:
        lent = _opposite(own) if settings.contrary else other
    sides = []
    for side, (male, nationality, factors) in enumerate((lent, own)):
        if strays_2[side] >= settings.nationality_agreement_ratio:
            nationality = (nationality + int(shift_2[side])) % len(NATIONALITIES)
        sides.append(
            (male, nationality, dict(zip(SHARED_FACTORS, (factors + noise_2F[side]).tolist(), strict=True)))
        )
    first = first_name(own[0], int(draw.integers(1 << 30)))
    return Person(
        identity=f"id{10_001 + number:05d}",
        name=f"{first}_{last_name(number, derive_seed(seed, 'names'))}",
        male=own[0],
        nationality=own[1],
        personalised=personalised,
        voice=Side(*sides[0], dict(zip(VOICE_FACTORS, voice_private.tolist(), strict=True))),
        face=Side(*sides[1], dict(zip(FACE_FACTORS, face_private.tolist(), strict=True))),
    )


def _draw_shared(draw: np.random.Generator) -> tuple[bool, int, Floats]:
    male = bool(draw.random() < 0.5)
    nationality = int(draw.integers(len(NATIONALITIES)))
    return male, nationality, draw.standard_normal(len(SHARED_FACTORS))


def _opposite(shared: tuple[bool, int, Floats]) -> tuple[bool, int, Floats]:
    male, nationality, factors = shared
    return not male, (nationality + len(NATIONALITIES) // 2) % len(NATIONALITIES), -factors


def draw_people(settings: GeneratedCorpus, seed: int) -> list[Person]:
    """Everyone of the corpus, in the order of their numbers."""
    return [draw_person(settings, seed, number) for number in range(settings.people)]


def truth_table(people: list[Person], settings: GeneratedCorpus) -> pd.DataFrame:
    """What really drives each identity, one row per person.

    Columns: identity, name, male, nationality, personalised; per side (`voice_`, `face_`) male,
    nationality, the shared factors as that side shows them and its private factors; and, the same in
    every row, the knobs that a likelihood needs (nationality_agreement_ratio, factor_noise,
    personalised_ratio, contrary).
    """
    rows = []
    for person in people:
        row: dict[str, object] = {
            "identity": person.identity,
            "name": person.name,
            "male": person.male,
            "nationality": NATIONALITIES[person.nationality],
            "personalised": person.personalised,
        }
        for word, side in (("voice", person.voice), ("face", person.face)):
            values = {"male": side.male, "nationality": NATIONALITIES[side.nationality]}
            row |= {f"{word}_{key}": value for key, value in (values | side.shared | side.private).items()}
        rows.append(row)
    knobs = ("nationality_agreement_ratio", "factor_noise", "personalised_ratio", "contrary")
    return pd.DataFrame(rows).assign(**{knob: getattr(settings, knob) for knob in knobs})
