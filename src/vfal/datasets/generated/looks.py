"""How a person's factors are seen: colours of the nations, and every measure of a face."""

from dataclasses import dataclass

import numpy as np

from vfal.datasets.generated.people import Side

Colour = tuple[float, float, float]
_LIMIT = 2.8  # beyond this many standard deviations a factor shows no further
_GREY: Colour = (188.0, 186.0, 184.0)


@dataclass(frozen=True)
class Nation:
    """Colours (0 to 255) and features that people of one nation tend to have."""

    skin: Colour
    hair: Colour
    iris: Colour
    nose_width: float
    nose_length: float
    eye_open: float
    eye_tilt: float


NATIONS = (
    Nation((236, 196, 168), (206, 166, 98), (96, 142, 188), 0.86, 1.10, 1.05, 0.00),
    Nation((214, 168, 128), (74, 48, 32), (98, 68, 36), 0.98, 1.18, 1.00, 0.02),
    Nation((150, 100, 68), (30, 24, 22), (52, 34, 24), 1.30, 0.95, 1.08, 0.01),
    Nation((230, 192, 146), (22, 20, 24), (40, 28, 22), 1.02, 0.84, 0.70, 0.10),
    Nation((184, 132, 92), (44, 30, 24), (62, 78, 44), 1.12, 1.06, 0.88, 0.06),
    Nation((244, 208, 186), (168, 84, 44), (92, 142, 96), 0.92, 0.96, 0.98, -0.04),
)


@dataclass(frozen=True)
class Face:
    """The measures of one face; lengths are shares of half the image's side.

    x grows to the right, y downwards; the middle of the head is (0, 0).
    """

    male: bool
    skin: Colour
    hair: Colour
    iris: Colour
    lips: Colour
    head_height: float
    temple: float
    cheek: float
    jaw: float
    chin: float
    chin_drop: float
    double_chin: float
    neck: float
    ear: float
    eye_x: float
    eye_y: float
    eye_width: float
    eye_open: float
    eye_tilt: float
    lid_droop: float
    brow_thick: float
    brow_gap: float
    brow_tilt: float
    nose_length: float
    nose_width: float
    mouth_y: float
    mouth_width: float
    lip_full: float
    lip_bow: float
    hair_line: float
    hair_volume: float
    hair_length: float
    fringe: float
    wrinkles: float
    freckles: float
    beard: float


def face_of(side: Side, private_strength: float) -> Face:
    """The face that a person's factors make."""
    shared = {name: float(np.clip(value, -_LIMIT, _LIMIT)) for name, value in side.shared.items()}
    own = {
        name: float(np.clip(private_strength * value, -_LIMIT, _LIMIT))
        for name, value in side.private.items()
    }
    nation, male = NATIONS[side.nationality], 1.0 if side.male else 0.0
    depth, size, age, full = (shared[name] for name in ("depth", "size", "age", "fullness"))
    grey = float(1 / (1 + np.exp(-2.2 * (age - 1.0))))
    hair = _mix(nation.hair, _GREY, 0.9 * grey)
    skin = _mix(nation.skin, (196.0, 150.0, 130.0), 0.05 * max(0.0, age))
    lips = _mix(skin, (176.0, 58.0, 62.0), 0.42 if side.male else 0.72)
    beard = float(np.clip(0.6 * own["beard"] + 0.1, 0.0, 1.0)) if side.male else 0.0
    return Face(
        male=side.male, skin=skin, hair=hair, iris=nation.iris, lips=lips, beard=beard,
        head_height=0.600 * (1 + 0.070 * size),
        temple=0.440 + 0.004 * full,
        cheek=0.445 + 0.012 * male + 0.046 * full,
        jaw=0.335 + 0.035 * male + 0.040 * depth + 0.024 * full,
        chin=0.125 + 0.030 * male + 0.034 * depth + 0.012 * full,
        chin_drop=0.020 * male + 0.028 * depth,
        double_chin=float(np.clip(0.30 + 0.45 * full, 0.0, 1.0)),
        neck=0.225 + 0.065 * male + 0.018 * full + 0.012 * depth,
        ear=0.115 * (1 + 0.16 * own["ear_size"]),
        eye_x=0.200 * (1 + 0.055 * own["eye_spacing"]),
        eye_y=-0.045 + 0.016 * own["eye_height"],
        eye_width=0.088 * (1 + 0.07 * own["eye_size"]),
        eye_open=nation.eye_open * (1.0 if side.male else 1.15) * (1 + 0.08 * own["eye_size"] - 0.03 * age),
        eye_tilt=nation.eye_tilt + 0.03 * own["eye_tilt"],
        lid_droop=float(np.clip(0.15 + 0.17 * age, 0.0, 0.7)),
        brow_thick=(0.034 if side.male else 0.019) * (1 + 0.28 * depth),
        brow_gap=(0.102 if side.male else 0.128) - 0.011 * depth + 0.008 * own["brow_height"],
        brow_tilt=0.014 * own["brow_tilt"] + (0.004 if side.male else -0.012),
        nose_length=0.225 * nation.nose_length * (1 + 0.07 * own["nose_length"]),
        nose_width=0.078 * nation.nose_width * (1 + 0.09 * own["nose_width"]),
        mouth_y=0.315 + 0.016 * own["mouth_height"],
        mouth_width=0.150 * (1 + 0.09 * own["mouth_width"] - 0.06 * full),
        lip_full=(0.030 if side.male else 0.042) * (1 + 0.10 * full - 0.10 * age),
        lip_bow=0.35 + 0.18 * own["lip_shape"],
        hair_line=0.370 + (0.050 * age if side.male else 0.018 * age),
        hair_volume=0.060 * (1 + 0.28 * own["hair_volume"]) * (1 - 0.12 * max(0.0, age) * male),
        hair_length=0.12 * own["hair_volume"] + (0.05 if side.male else 0.85 - 0.06 * age),
        fringe=own["fringe"],
        wrinkles=float(np.clip(0.40 + 0.45 * age, 0.0, 1.6)),
        freckles=float(np.clip(own["freckles"], 0.0, _LIMIT)),
    )  # fmt: skip


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    a, b, c = (one + share * (two - one) for one, two in zip(first, second, strict=True))
    return a, b, c
