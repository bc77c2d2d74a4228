"""Thin-ResNet-34 on 257-bin spectrograms, the voice encoder that the paper names."""

from typing import ClassVar, Literal

from torch import Tensor, nn
from torch.nn import functional

from vfal.core.types import Modality
from vfal.nn.front_ends import LinearSpectrogram
from vfal.nn.pooling import AveragePooling, SelfAttentivePooling
from vfal.nn.resnet_34 import CHANNELS, QuarterResNet34, downsample


class ThinResNet34(QuarterResNet34):
    """Waveform (B, T), 16 kHz, int16 scale, to features (B, width).

    Known from "Seeking the Shape of Sound", section 4.2: the name, with citations of NetVLAD and GhostVLAD
    pooling; 257 channels of 25 ms windows every 10 ms; pre-training on VoxCeleb2. Not known: blocks,
    channels, pooling. Here: ResNet-34 with a quarter of the channels and plain basic blocks (what "thin"
    means in the speaker literature) and self-attentive pooling, as in the code, or the plain average.
    No published weights fit it.
    """

    modality: ClassVar[Modality] = "voice"

    def __init__(
        self, *, width: int, pooling: Literal["self_attentive", "average"] = "self_attentive"
    ) -> None:
        pool = SelfAttentivePooling(CHANNELS[-1]) if pooling == "self_attentive" else AveragePooling()
        super().__init__(BasicBlock, pool, width=width)
        self.front_end = LinearSpectrogram()

    def forward(self, wave_BT: Tensor) -> Tensor:
        """Features, (B, width)."""
        return self.embed_bands(self.front_end(wave_BT))


class BasicBlock(nn.Module):
    """The plain residual block of He et al. 2016."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.downsample = downsample(inside, outside, stride)

    def forward(self, maps_BCFT: Tensor) -> Tensor:
        """Maps at 1 / stride of the size."""
        moved_BCFT = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(maps_BCFT)))))
        return functional.relu(moved_BCFT + self.downsample(maps_BCFT))
