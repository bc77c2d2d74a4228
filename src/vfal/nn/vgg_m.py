"""VGG-M for faces and for spectrograms: the streams of SVHF-Net."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from vfal.core.errors import DataError
from vfal.core.types import Modality
from vfal.nn.front_ends import FFT_SAMPLES, LinearSpectrogram

SIDE = 224  # pixels
WIDTH = 1024  # of the last layer, where streams meet
MEAN_RGB = (131.45376587, 103.98748016, 91.46234894)  # of pixel bytes, of the published face network
FRAMES_STEP, MOST_FRAMES = 100, 1000  # 1 s; the longest that the published code takes


class VGGMFace(nn.Module):
    """Faces (B, 3, 224, 224), RGB in [-1, 1], to features (B, 1024), linear.

    Five convolutions and two full layers, all but the last with batch norm and ReLU; the average colour
    is taken off. Source: albanie/pytorch-mcn, vgg_m_face_bn (layers, mean); SVHF-Net: 1,024 wide.
    """

    modality: ClassVar[Modality] = "face"
    mean_3: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.width = WIDTH
        self.register_buffer("mean_3", torch.tensor(MEAN_RGB)[:, None, None], persistent=False)
        self.layers = nn.Sequential(
            *_normed(nn.Conv2d(3, 96, 7, 2)),
            nn.MaxPool2d(3, 2),
            *_normed(nn.Conv2d(96, 256, 5, 2, 1)),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            *_normed(nn.Conv2d(256, 512, 3, 1, 1)),
            *_normed(nn.Conv2d(512, 512, 3, 1, 1)),
            *_normed(nn.Conv2d(512, 512, 3, 1, 1)),
            nn.MaxPool2d(3, 2),
            *_normed(nn.Conv2d(512, 4096, 6)),
        )
        self.output = nn.Linear(4096, WIDTH)

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        """Features, (B, 1024)."""
        if faces_BCHW.shape[1:] != (3, SIDE, SIDE):
            raise DataError(
                f"faces: found {tuple(faces_BCHW.shape)}, expected (B, 3, {SIDE}, {SIDE}). Set "
                f"preprocess.face_px: {SIDE}."
            )
        pixels_BCHW = faces_BCHW * 127.5 + 127.5 - self.mean_3
        features: Tensor = self.output(self.layers(pixels_BCHW).flatten(1))
        return features


class VGGMVoice(nn.Module):
    """Waveform (B, T) of at least 1 s, 16 kHz, int16 scale, to features (B, 1024), linear.

    Magnitudes in all 512 bins of the FFT, the mirrored half included, normalised per bin; the middle 100,
    200, ... or 1000 frames; the mean over time comes before the last layer. Normalising takes away what
    the published DC filter and pre-emphasis do to a bin, so neither is here, nor the dither, which is
    random. Source: a-nagrani:test_SVHFNet.m (input); VGGVox, Nagrani et al. 2017 (layers).
    """

    modality: ClassVar[Modality] = "voice"

    def __init__(self) -> None:
        super().__init__()
        self.width = WIDTH
        self.front_end = LinearSpectrogram()
        self.layers = nn.Sequential(
            *_normed(nn.Conv2d(1, 96, 7, 2, 1)),
            nn.MaxPool2d(3, 2),
            *_normed(nn.Conv2d(96, 256, 5, 2, 1)),
            nn.MaxPool2d(3, 2),
            *_normed(nn.Conv2d(256, 384, 3, 1, 1)),
            *_normed(nn.Conv2d(384, 256, 3, 1, 1)),
            *_normed(nn.Conv2d(256, 256, 3, 1, 1)),
            nn.MaxPool2d((5, 3), (3, 2)),
            *_normed(nn.Conv2d(256, 4096, (9, 1))),
        )
        self.output = nn.Linear(4096, WIDTH)

    def forward(self, wave_BT: Tensor) -> Tensor:
        """Features, (B, 1024); a clip below 1 s is a `DataError`."""
        maps_BCFT = self.layers(self.spectrum(wave_BT)[:, None])
        features: Tensor = self.output(maps_BCFT.mean(dim=(2, 3)))
        return features

    def spectrum(self, wave_BT: Tensor) -> Tensor:
        """All bins of the middle frames (B, 512, frames)."""
        half_BFT = self.front_end(wave_BT)  # DC to Nyquist
        frames = min(half_BFT.shape[2] // FRAMES_STEP * FRAMES_STEP, MOST_FRAMES)
        if not frames:
            raise DataError(
                f"waveform batch: found {half_BFT.shape[2]} frames of 10 ms, expected at least {FRAMES_STEP} "
                "(1 s). Raise embed.voice_s and augmentation.crop_min_s, or leave out shorter clips."
            )
        start = (half_BFT.shape[2] - frames) // 2
        half_BFT = half_BFT[:, :, start : start + frames]
        return torch.cat([half_BFT, half_BFT[:, 1 : FFT_SAMPLES // 2].flip(1)], dim=1)


def _normed(convolution: nn.Conv2d) -> tuple[nn.Module, nn.Module, nn.Module]:
    return convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU()
