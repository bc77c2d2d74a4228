"""Small encoders, cheap enough to train on two CPU cores: the default for the generated corpus."""

from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from vfal.core.types import Modality
from vfal.nn.front_ends import LogMel
from vfal.nn.pooling import MeanStdPooling


class SmallFaceEncoder(nn.Module):
    """Faces (B, 3, S, S), RGB in [-1, 1], to features (B, width); S from 32 px, 64 px advised.

    Four stride-2 convolutions of `channels` x (1, 2, 4, 8), each with batch norm and ReLU, then a linear
    layer over a 4 x 4 grid: aligned faces tell people apart by where things are.
    """

    modality: ClassVar[Modality] = "face"

    def __init__(self, *, channels: int, width: int) -> None:
        super().__init__()
        self.width = width
        sizes = [3, channels, 2 * channels, 4 * channels, 8 * channels]
        self.stages = nn.Sequential(*(_stage_2d(inside, outside) for inside, outside in pairwise(sizes)))
        self.output = nn.Linear(sizes[-1] * 16, width)

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        """Features, (B, width)."""
        maps_BCHW = self.stages(faces_BCHW)
        if maps_BCHW.shape[2:] != (4, 4):  # adaptive pooling has no deterministic gradient on CUDA
            maps_BCHW = functional.adaptive_avg_pool2d(maps_BCHW, 4)
        features: Tensor = self.output(maps_BCHW.flatten(1))
        return features


class SmallVoiceEncoder(nn.Module):
    """Waveform (B, T), 16 kHz, int16 scale, to features (B, width); any length from 25 ms, 1 s advised.

    40 log-mel bands, four convolutions over time of `channels` x (1, 2, 2, 2) (the first two halve the
    frames), each with batch norm and ReLU; mean and standard deviation over time, then a linear layer.
    """

    modality: ClassVar[Modality] = "voice"

    def __init__(self, *, channels: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.front_end = LogMel()
        self.stages = nn.Sequential(
            _stage_1d(LogMel.bands, channels, kernel=5, stride=2),
            _stage_1d(channels, 2 * channels, kernel=3, stride=2),
            _stage_1d(2 * channels, 2 * channels, kernel=3, stride=1),
            _stage_1d(2 * channels, 2 * channels, kernel=3, stride=1),
        )
        self.pool = MeanStdPooling()
        self.output = nn.Linear(4 * channels, width)

    def forward(self, wave_BT: Tensor) -> Tensor:
        """Features, (B, width)."""
        frames_BTD = self.stages(self.front_end(wave_BT)).transpose(1, 2)
        features: Tensor = self.output(self.pool(frames_BTD))
        return features


def _stage_2d(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


def _stage_1d(inside: int, outside: int, *, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inside, outside, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm1d(outside),
        nn.ReLU(),
    )
