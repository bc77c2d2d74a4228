"""A face as an ordered list of filled polygons, from the hair behind to the glasses in front."""

import numpy as np
from PIL import Image

from vfal.datasets.generated.canvas import COSINES, SINES, Canvas, Pose, blend, shade, smooth
from vfal.datasets.generated.looks import Colour, Face
from vfal.datasets.generated.people import Floats

_ARC = np.linspace(-1.0, 1.0, 9)


def paint(image: Image.Image, face: Face, pose: Pose, glasses: float, shirt: Colour) -> None:
    """Draw a face on a square RGB image; `glasses` is 0 for none, else the size of their rims."""
    canvas = Canvas(image, pose, face)
    _hair_behind(canvas)
    _neck(canvas, shirt)
    _ears(canvas)
    x, y = outline(face)
    canvas.fill(x, y, face.skin, None)
    _cheeks(canvas)
    if face.beard > 0.12:
        _beard(canvas)
    _eyes(canvas)
    _nose(canvas)
    _mouth(canvas)
    _hair_in_front(canvas)
    if glasses:
        _glasses(canvas, glasses)


def outline(face: Face) -> tuple[Floats, Floats]:
    """The head's closed outline, a smooth curve through forehead, temples, cheeks, jaw and chin."""
    top, bottom = -face.head_height, face.head_height * 0.93 + face.chin_drop
    heights = np.array(
        [top, top * 0.93, top * 0.62, top * 0.2, bottom * 0.25, bottom * 0.66, bottom * 0.93, bottom]
    )
    widths = np.array(
        [
            0.0,
            face.temple * 0.52,
            face.temple * 0.93,
            face.temple * 1.02,
            face.cheek,
            face.jaw,
            face.chin,
            0.0,
        ]
    )
    right_x, right_y = smooth(
        np.concatenate([widths, -widths[-2:0:-1]]), np.concatenate([heights, heights[-2:0:-1]])
    )
    return right_x, right_y


def _hair_behind(canvas: Canvas) -> None:
    face = canvas.face
    width = face.temple + face.hair_volume * 1.4
    top = -face.head_height - face.hair_volume
    down = face.head_height * (face.hair_length * 1.35 - 0.15)
    if down < 0:
        canvas.blob(0, top * 0.4, width, -top * 0.62, shade(face.hair, 0.8), None)
        return
    x = np.array([0, width * 0.7, width, width * 1.06, width * 1.0, width * 0.5])
    y = np.array([top, top * 0.82, top * 0.35, down * 0.5, down, down * 1.04])
    canvas.fill(
        *smooth(np.concatenate([x, -x[:0:-1]]), np.concatenate([y, y[:0:-1]])), shade(face.hair, 0.72), None
    )


def _neck(canvas: Canvas, shirt: Colour) -> None:
    face = canvas.face
    wide, low = face.neck, face.head_height * 0.62
    x = np.array([-wide, wide, wide * 1.08, -wide * 1.08])
    still = canvas.unturned()
    still.fill(x, np.array([low, low, 1.3, 1.3]), shade(face.skin, 0.80), None)
    collar = 0.72 + 0.03 * face.male
    shoulder = 0.70 + 0.14 * face.male
    still.fill(
        np.array([-wide * 1.15, 0, wide * 1.15, shoulder, shoulder * 1.3, -shoulder * 1.3, -shoulder]),
        np.array([collar, collar + 0.10, collar, collar + 0.10, 1.6, 1.6, collar + 0.10]),
        shirt,
        None,
    )


def _ears(canvas: Canvas) -> None:
    face, yaw = canvas.face, canvas.pose.yaw
    for sign in (-1.0, 1.0):
        # the ear sits behind the outline: turning shows more of one and hides the other
        x = sign * (face.temple * 1.03) - np.sin(yaw) * 0.16
        canvas.blob(x, 0.03, face.ear * 0.55, face.ear, shade(face.skin, 0.90), None)
        canvas.blob(x, 0.03, face.ear * 0.28, face.ear * 0.62, shade(face.skin, 0.74), None)


def _cheeks(canvas: Canvas) -> None:
    """Blush, double chin, freckles and wrinkles."""
    face = canvas.face
    blush = blend(face.skin, (214.0, 104.0, 96.0), 0.10 if face.male else 0.20)
    for sign in (-1.0, 1.0):
        canvas.blob(sign * face.cheek * 0.58, 0.19, 0.095, 0.075, blush)
    crease = shade(face.skin, 0.80)
    bottom = face.head_height * 0.93 + face.chin_drop
    if face.double_chin > 0.3:
        reach = face.jaw * (0.35 + 0.35 * face.double_chin)
        canvas.line(_ARC * reach, bottom * (0.90 - 0.10 * _ARC**2), 0.020 * face.double_chin, crease)
    for k in range(round(5 * face.freckles)):
        x, y = 0.25 * np.sin(2.4 * k + 0.5), 0.12 + 0.09 * np.sin(5.1 * k)
        canvas.blob(float(x), float(y), 0.013, 0.013, shade(face.skin, 0.68))
    line = blend(face.skin, shade(face.skin, 0.58), min(1.0, face.wrinkles))
    width = 0.010 + 0.008 * face.wrinkles
    if face.wrinkles < 0.15:
        return
    for row in range(round(3 * min(1.0, face.wrinkles))):
        y = face.eye_y - face.brow_gap - 0.09 - 0.06 * row
        canvas.line(_ARC * (0.20 + 0.02 * row), y + 0.015 * _ARC**2, width, line)
    for sign in (-1.0, 1.0):
        fold_x = sign * (face.nose_width * 1.5 + 0.055 * (_ARC + 1))
        canvas.line(fold_x, 0.19 + 0.075 * (_ARC + 1), width, line)
        under = face.eye_y + face.eye_width * 0.95
        canvas.line(sign * face.eye_x + _ARC * 0.08, under - 0.012 * _ARC**2, width, line)


def _beard(canvas: Canvas) -> None:
    face = canvas.face
    bottom = face.head_height * 0.93 + face.chin_drop
    colour = blend(face.skin, shade(face.hair, 0.85), min(1.0, 0.35 + 0.65 * face.beard))
    reach = 0.02 + 0.07 * face.beard
    top = face.mouth_y - 0.10
    x = np.array([face.cheek * 0.99, face.jaw * 1.02 + reach * 0.2, face.chin * 1.3 + reach * 0.5])
    y = np.array([bottom * 0.28, bottom * 0.70, bottom * 0.97 + reach * 0.4])
    inner_x, inner_y = np.array([face.mouth_width * 1.5, face.cheek * 0.86]), np.array([top, top - 0.08])
    canvas.fill(
        np.concatenate([x, [0.0], -x[::-1], -inner_x[::-1], inner_x]),
        np.concatenate([y, [bottom + reach], y[::-1], inner_y[::-1], inner_y]),
        colour,
        -0.30,
    )
    canvas.blob(0, top + 0.02, face.mouth_width * 1.15, 0.045, colour)


def _eyes(canvas: Canvas) -> None:
    face, pose = canvas.face, canvas.pose
    openness = face.eye_width * 0.56 * face.eye_open * max(0.15, pose.eyes)
    for sign in (-1.0, 1.0):
        x0, y0 = sign * face.eye_x, face.eye_y
        tilt = -sign * face.eye_tilt
        x = face.eye_width * np.concatenate([_ARC, _ARC[-2:0:-1]])
        bow = 1 - np.concatenate([_ARC, _ARC[-2:0:-1]]) ** 2
        side = np.concatenate([-np.ones(9), np.ones(7)])
        y = side * bow * openness * np.where(side < 0, 1 - 0.5 * face.lid_droop, 0.75) + x * tilt * 3
        canvas.fill(x0 + 1.12 * x, y0 + 1.25 * y - 0.006, shade(face.skin, 0.76))
        canvas.fill(x0 + x, y0 + y, (243.0, 241.0, 238.0), 0.01)
        gaze = x0 + pose.gaze * face.eye_width * 0.45
        radius = min(face.eye_width * 0.46, openness * 0.98)
        canvas.blob(gaze, y0 + 0.002, radius, radius, face.iris, 0.012)
        canvas.blob(gaze, y0 + 0.002, radius * 0.48, radius * 0.48, (14.0, 12.0, 12.0), 0.012)
        canvas.blob(
            gaze - radius * 0.3, y0 - radius * 0.35, radius * 0.2, radius * 0.2, (250.0, 250.0, 250.0), 0.012
        )
        lash = (0.012 if face.male else 0.022) * 1.0
        upper = slice(0, 9)
        canvas.line(x0 + 1.03 * x[upper], y0 + y[upper], lash, shade(face.hair, 0.35), 0.012)
        brow_y = y0 - face.brow_gap - 0.02 * pose.brows
        brow_x = x0 + sign * 0.01 + _ARC * 0.115
        curve = brow_y + 0.030 * _ARC**2 - sign * _ARC * face.brow_tilt
        thick = face.brow_thick * (1 - 0.45 * np.clip(sign * _ARC, 0, 1))
        canvas.fill(
            np.concatenate([brow_x, brow_x[::-1]]),
            np.concatenate([curve - thick, (curve + thick)[::-1]]),
            shade(face.hair, 0.72),
            0.02,
        )


def _nose(canvas: Canvas) -> None:
    face = canvas.face
    top, tip = face.eye_y + 0.02, face.eye_y + face.nose_length
    wide = face.nose_width
    toward = -1.0 if canvas.pose.yaw > 0 else 1.0
    canvas.fill(
        np.array([toward * 0.022, toward * wide * 0.95, toward * wide * 0.55, 0.0]),
        np.array([top, tip - 0.01, tip + 0.02, tip - 0.02]),
        shade(face.skin, 0.86),
        0.07,
    )
    canvas.blob(0, tip - 0.012, wide * 0.62, 0.036, shade(face.skin, 1.06), 0.12)
    for sign in (-1.0, 1.0):
        canvas.blob(sign * wide * 0.78, tip, wide * 0.36, 0.028, shade(face.skin, 0.93), 0.07)
        canvas.blob(sign * wide * 0.50, tip + 0.016, wide * 0.24, 0.012, shade(face.skin, 0.42), 0.08)


def _mouth(canvas: Canvas) -> None:
    face, pose = canvas.face, canvas.pose
    wide = face.mouth_width * (1 + 0.12 * pose.smile)
    corners = -0.035 * pose.smile * (_ARC**2 - 0.4) + 0.012 * face.lid_droop * _ARC**2
    x, y = _ARC * wide, face.mouth_y + corners
    bow = 1 - _ARC**2
    gap = 0.055 * pose.mouth_open * bow
    notch = face.lip_bow * np.exp(-((_ARC / 0.22) ** 2))
    upper = y - gap / 2 - face.lip_full * (bow**0.7) * (1 - 0.5 * notch)
    lower = y + gap / 2 + face.lip_full * 1.25 * bow**0.8
    both_x = np.concatenate([x, x[::-1]])
    canvas.fill(both_x, np.concatenate([upper, lower[::-1]]), face.lips, 0.02)
    if pose.mouth_open > 0.25:
        canvas.fill(both_x, np.concatenate([y - gap / 2, (y + gap / 2)[::-1]]), (74.0, 26.0, 28.0), 0.02)
        canvas.fill(
            both_x * 0.8, np.concatenate([y - gap / 2, (y - gap * 0.1)[::-1]]), (238.0, 234.0, 226.0), 0.02
        )
    else:
        canvas.line(x, y, 0.012, shade(face.lips, 0.55), 0.02)


def _hair_in_front(canvas: Canvas) -> None:
    """The cap of hair over the forehead: hair line, fringe and parting."""
    face = canvas.face
    top = -face.head_height - face.hair_volume
    edge = face.temple + face.hair_volume * 0.75
    line = -face.head_height * (0.30 + face.hair_line)
    low = -0.10 + (0.0 if face.male else 0.12 + 0.10 * face.hair_length)
    dip = 0.075 * max(0.0, face.fringe) + 0.02
    lean = 0.25 * face.fringe
    x = np.array([-edge, -edge * 1.0, -edge * 0.72, 0.0, edge * 0.72, edge * 1.0, edge])
    y = np.array([low, top * 0.55, top * 0.90, top, top * 0.90, top * 0.55, low])
    inner = np.linspace(1.0, -1.0, 9)
    inner_x = inner * face.temple * 0.90
    arch = line + dip - 0.05 * np.cos(np.pi * (inner - lean)) * (1 - abs(inner)) + 0.24 * np.abs(inner) ** 3
    arch[[0, -1]] = low
    outer_x, outer_y = smooth(x, y)
    keep = slice(0, len(outer_x) - 5)  # the curve's last stretch closes it below the hair; leave that open
    canvas.fill(
        np.concatenate([outer_x[keep], inner_x]), np.concatenate([outer_y[keep], arch]), face.hair, None
    )
    light = blend(face.hair, (255.0, 244.0, 226.0), 0.16)
    canvas.line(_ARC * edge * 0.55, top * (0.86 - 0.10 * _ARC**2), 0.030, light, -0.35)


def _glasses(canvas: Canvas, size: float) -> None:
    face, dark = canvas.face, (30.0, 28.0, 32.0)
    for sign in (-1.0, 1.0):
        x, y = (
            sign * face.eye_x + size * np.append(COSINES, 1.0),
            face.eye_y + 0.85 * size * np.append(SINES, 0.0),
        )
        canvas.line(x, y, 0.020, dark, 0.05)
    gap = face.eye_x - size
    canvas.line(_ARC * gap, face.eye_y - 0.02 + 0.01 * _ARC**2, 0.020, dark, 0.06)
