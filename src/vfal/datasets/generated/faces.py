"""Faces: a painted portrait, and everything between a person and a photograph of them."""

import io

import numpy as np
from PIL import Image, ImageFilter

from vfal.core.config.generated import GeneratedCorpus
from vfal.core.seeding import generator
from vfal.datasets.generated.canvas import Pose
from vfal.datasets.generated.looks import face_of
from vfal.datasets.generated.people import Floats, Side
from vfal.datasets.generated.portrait import paint

_SUPERSAMPLING = 3


def photograph_of(settings: GeneratedCorpus, seed: int, identity: str, side: Side, number: int) -> bytes:
    """JPEG bytes of picture `number` of a person, `face_px` pixels square.

    Equal arguments give equal bytes with the same Pillow.
    """
    draw = generator(seed, "face", identity, number)
    strength, face = settings.face_nuisance, face_of(side, settings.private_strength)
    pose = _pose(strength, draw)
    glasses = 0.125 if draw.random() < 0.12 * strength else 0.0
    red, green, blue = draw.uniform(20.0, 235.0, size=3)
    large = _background(settings.face_px * _SUPERSAMPLING, draw)
    behind = large.copy()
    paint(large, face, pose, glasses, (red, green, blue))
    small = large.resize((settings.face_px, settings.face_px), Image.Resampling.BOX)
    behind = behind.resize(small.size, Image.Resampling.BOX)
    image = _light(small, behind, strength, draw)
    return _photograph(image, strength, draw)


def _pose(strength: float, draw: np.random.Generator) -> Pose:
    turn_3 = np.clip(draw.standard_normal(3), -2.2, 2.2) * strength
    shift_2 = np.clip(draw.standard_normal(2), -2.0, 2.0) * strength
    smile, opened, eyes, gaze, brows = draw.uniform(-1.0, 1.0, size=5)
    return Pose(
        yaw=0.23 * float(turn_3[0]),
        pitch=0.10 * float(turn_3[1]),
        roll=0.07 * float(turn_3[2]),
        zoom=1.27 * float(np.exp(0.05 * strength * draw.standard_normal())),
        shift_x=0.035 * float(shift_2[0]),
        shift_y=0.03 * float(shift_2[1]),
        smile=strength * float(smile),
        mouth_open=strength * max(0.0, float(opened)),
        eyes=1.0 + 0.25 * strength * float(eyes),
        gaze=strength * float(gaze),
        brows=strength * float(brows),
    )


def _background(side_px: int, draw: np.random.Generator) -> Image.Image:
    """Soft blotches of colour."""
    base_3 = draw.uniform(30.0, 220.0, size=3)
    blotches = np.clip(base_3 + 38.0 * draw.standard_normal((4, 4, 3)), 0, 255).astype(np.uint8)
    return Image.fromarray(blotches).resize((side_px, side_px), Image.Resampling.BICUBIC)


def _light(image: Image.Image, behind: Image.Image, strength: float, draw: np.random.Generator) -> Floats:
    """Pixels (H, W, 3) lit from one side: what stands out from the background is treated as round."""
    pixels = np.asarray(image, dtype=np.float64)
    mask = np.abs(pixels - np.asarray(behind, dtype=np.float64)).max(axis=2) > 6
    height = np.asarray(
        Image.fromarray((mask * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(image.width / 11)),
        dtype=np.float64,
    )
    slope_y, slope_x = np.gradient(height / 255.0 * image.width / 6)
    angle = draw.uniform(0, 2 * np.pi)
    side = draw.uniform(0.1, 0.5) * strength
    shade = 1.0 + (side * (np.cos(angle) * slope_x + np.sin(angle) * slope_y) + 0.25 * slope_y) * (
        height / 255.0
    )
    shade -= 0.10 * np.hypot(slope_x, slope_y)
    gain = np.exp(0.13 * strength * draw.standard_normal() - 0.05 + 0.05 * strength * draw.standard_normal(3))
    return np.asarray(pixels * np.clip(shade, 0.35, 1.6)[:, :, None] * gain)


def _photograph(pixels: Floats, strength: float, draw: np.random.Generator) -> bytes:
    """Contrast, grey, blur, noise and compression."""
    contrast = np.exp(0.12 * strength * draw.standard_normal())
    pixels = (pixels - 128.0) * contrast + 128.0
    grey, blur, noise = draw.random(3).tolist()
    if grey < 0.08 * strength:
        pixels = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
    pixels = pixels + strength * 9.0 * noise**3 * draw.standard_normal(pixels.shape)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if blur > 0.75:
        image = image.filter(ImageFilter.GaussianBlur(strength * (blur - 0.70) * 0.045 * image.width))
    handle = io.BytesIO()
    image.save(handle, "JPEG", quality=int(draw.integers(62, 93)))
    return handle.getvalue()
