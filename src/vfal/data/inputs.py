"""Encoder inputs from features or from packed media, with the published augmentations."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from vfal.core.config.phases import Augmentation
from vfal.data.batches import Rows
from vfal.data.media import PackedFaces, PackedVoices

HALF_RANGE = 127.5  # pixel bytes become (p - 127.5) / 127.5, as in the published code


class FeatureInputs:
    """Frozen features (items, D); nothing is varied.

    A memory map stays one: processes that train side by side share its pages.
    """

    def __init__(self, features_ND: NDArray[np.float32]) -> None:
        self.features_ND = np.asarray(features_ND, dtype=np.float32)

    def draw(self, rows: Rows, rng: np.random.Generator) -> Tensor:
        """Features of `rows` (B, D)."""
        return self.plain(rows)

    def plain(self, rows: Rows) -> Tensor:
        """Features of `rows` (B, D)."""
        return torch.from_numpy(self.features_ND.take(rows, axis=0))


class VoiceInputs:
    """Waveforms (B, T) in int16 scale from packed recordings.

    Training takes one length and one start per batch, as published (SSoS: 2.5-5 s of the first 10 s);
    evaluation takes the first `whole_s` seconds, repeating what is shorter.
    """

    def __init__(
        self, media: PackedVoices, augmentation: Augmentation, *, sample_rate_hz: int, whole_s: float
    ) -> None:
        self.media = media
        self.whole = round(whole_s * sample_rate_hz)
        self.shortest = min(round(augmentation.crop_min_s * sample_rate_hz), self.whole)
        self.longest = min(round(augmentation.crop_max_s * sample_rate_hz), self.whole)

    def draw(self, rows: Rows, rng: np.random.Generator) -> Tensor:
        """Crops (B, L) of one random length at one random place."""
        length = int(rng.integers(self.shortest, self.longest + 1))
        start = int(rng.integers(0, self.whole - length + 1))
        return self._crop(rows, start, length)

    def plain(self, rows: Rows) -> Tensor:
        """The first `whole_s` seconds (B, T)."""
        return self._crop(rows, 0, self.whole)

    def _crop(self, rows: Rows, start: int, length: int) -> Tensor:
        starts = np.full(len(rows), start, dtype=np.int64)
        return torch.from_numpy(self.media.crops(rows, starts, length).astype(np.float32))


class FaceInputs:
    """Pictures (B, 3, S, S) in [-1, 1], RGB, from packed faces."""

    def __init__(self, media: PackedFaces, augmentation: Augmentation) -> None:
        self.media, self.augmentation = media, augmentation

    def draw(self, rows: Rows, rng: np.random.Generator) -> Tensor:
        """Pictures flipped, rotated and cropped at random."""
        return augment_faces(self.plain(rows), self.augmentation, rng)

    def plain(self, rows: Rows) -> Tensor:
        """Pictures as they are."""
        pixels = torch.from_numpy(self.media.pixels_MHWC[rows])
        images = pixels.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        return images.to(torch.float32).sub_(HALF_RANGE).div_(HALF_RANGE)


def augment_faces(images_BCHW: Tensor, settings: Augmentation, rng: np.random.Generator) -> Tensor:
    """The published picture augmentation, one interpolation for all of it (SSoS, official code).

    Flip with probability p; rotation with probability q by a whole number of degrees in [-a, a), about
    the old centre on a canvas grown to the rotated bounding box; then a crop of the old size whose
    offset is one random fraction of what the canvas grew by, the same for both axes. Uncovered pixels
    are mid grey (the published code fills only the first channel by mistake).
    """
    count, _, size, _ = images_BCHW.shape
    flip_B = np.where(rng.random(count) < settings.flip_probability, -1.0, 1.0)
    limit = settings.rotate_max_degrees
    degrees_B = rng.integers(-limit, limit, count) if limit else np.zeros(count)
    angle_B = np.deg2rad(np.where(rng.random(count) < settings.rotate_probability, degrees_B, 0.0))
    cos_B, sin_B = np.cos(angle_B), np.sin(angle_B)
    # In units where the picture spans [-1, 1]; the canvas grows to the right and downwards only.
    shift_B = rng.random(count) * 2 * (np.abs(cos_B) + np.abs(sin_B) - 1)
    across_B, down_B = (cos_B + sin_B) * shift_B, (cos_B - sin_B) * shift_B
    theta = np.stack(
        [
            np.stack([flip_B * cos_B, flip_B * sin_B, flip_B * across_B], axis=1),
            np.stack([-sin_B, cos_B, down_B], axis=1),
        ],
        axis=1,
    )
    grid = affine_grid(
        torch.from_numpy(theta.astype(np.float32)), [count, 3, size, size], align_corners=False
    )
    # 127 of 255 is -0.004: zero padding is mid grey.
    images_BCHW = grid_sample(images_BCHW, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return images_BCHW.contiguous(memory_format=torch.channels_last)
