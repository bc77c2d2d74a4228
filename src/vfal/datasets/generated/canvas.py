"""Where the points of a face fall on a picture of a turned head, and filling polygons there."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from vfal.datasets.generated.looks import Colour, Face
from vfal.datasets.generated.people import Floats

_DEPTH = 0.46  # half the head's depth, in halves of the image's side
_ANGLES = np.linspace(0, 2 * np.pi, 24, endpoint=False)
COSINES, SINES = np.cos(_ANGLES), np.sin(_ANGLES)


@dataclass(frozen=True)
class Pose:
    """Turn, nod and tilt in radians; size and place; expression: smile in [-1, 1], mouth and eyes open."""

    yaw: float
    pitch: float
    roll: float
    zoom: float
    shift_x: float
    shift_y: float
    smile: float
    mouth_open: float
    eyes: float
    gaze: float
    brows: float


class Canvas:
    """Polygons given on the head's surface, drawn where the pose puts them."""

    def __init__(self, image: Image.Image, pose: Pose, face: Face) -> None:
        self.image, self.pose, self.face = image, pose, face
        self.draw = ImageDraw.Draw(image)
        self.half_px = image.width / 2
        self._roll = np.cos(pose.roll), np.sin(pose.roll)

    def place(self, x: Floats, y: Floats, lift: float | None) -> list[float]:
        """Pixels x, y, x, y, ... of points; `lift` is their height over the head, None the flat outline."""
        pose, face = self.pose, self.face
        if lift is None:
            z = np.zeros_like(x)
        else:
            inside = 1 - (x / (face.cheek * 1.12)) ** 2 * 0.9 - (y / (face.head_height * 1.25)) ** 2
            z = _DEPTH * np.sqrt(np.maximum(inside, 0.02)) + lift
        turned_x = x * np.cos(pose.yaw) + z * np.sin(pose.yaw)
        turned_y = y * np.cos(pose.pitch) + z * np.sin(pose.pitch)
        cosine, sine = self._roll
        right = (turned_x * cosine - turned_y * sine) * pose.zoom + pose.shift_x
        down = (turned_x * sine + turned_y * cosine) * pose.zoom + pose.shift_y
        pixels = np.stack([right, down], axis=1) * self.half_px + self.half_px
        return pixels.reshape(-1).tolist()

    def unturned(self) -> "Canvas":
        """The same picture for what does not turn with the head."""
        pose = replace(self.pose, yaw=0.0, pitch=0.0, roll=0.0, shift_x=self.pose.shift_x * 0.9)
        return Canvas(self.image, pose, self.face)

    def fill(self, x: Floats, y: Floats, colour: Colour, lift: float | None = 0.0) -> None:
        """A filled polygon."""
        self.draw.polygon(self.place(x, y, lift), fill=_rgb(colour))

    def blob(
        self, x: float, y: float, wide: float, high: float, colour: Colour, lift: float | None = 0.0
    ) -> None:
        """A filled ellipse."""
        self.fill(x + wide * COSINES, y + high * SINES, colour, lift)

    def line(self, x: Floats, y: Floats, width: float, colour: Colour, lift: float = 0.0) -> None:
        """A line of a width given in halves of the image's side."""
        pixels = max(1, round(width * self.half_px * self.pose.zoom))
        self.draw.line(self.place(x, y, lift), fill=_rgb(colour), width=pixels, joint="curve")


def smooth(x: Floats, y: Floats, pieces: int = 5) -> tuple[Floats, Floats]:
    """A closed Catmull-Rom curve through points, `pieces` points per stretch."""
    t = np.linspace(0, 1, pieces, endpoint=False)
    basis = 0.5 * np.stack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3]
    )
    curve = []
    for values in (x, y):
        around = np.stack([np.roll(values, 1), values, np.roll(values, -1), np.roll(values, -2)])
        curve.append(np.einsum("kp,kn->np", basis, around).reshape(-1))
    return curve[0], curve[1]


def _rgb(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (int(min(255.0, max(0.0, value))) for value in colour)
    return red, green, blue


def shade(colour: Colour, factor: float) -> Colour:
    """A colour made darker (below 1) or lighter."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def blend(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two, `share` of the way to the second."""
    red, green, blue = (one + share * (two - one) for one, two in zip(first, second, strict=True))
    return red, green, blue
