"""The quarter-width ResNet-34 under both published voice encoders: a spectrogram to one vector."""

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor, nn

CHANNELS = (16, 32, 64, 128)
BLOCKS = (3, 4, 6, 3)
STRIDES = (1, 2, 2, 1)

Block = Callable[[int, int, int], nn.Module]  # channels in, channels out, stride


class QuarterResNet34(nn.Module):
    """Bands (B, F, frames) to (B, width): ResNet-34 with a quarter of the channels, mean over frequency.

    `block` makes the residual blocks, `pool` turns (B, T, 128) into (B, 128). The first convolution halves
    frequency only; both axes are halved twice more. Source: clovaai/voxceleb_trainer, ResNetSE34L.
    """

    def __init__(self, block: Block, pool: nn.Module, *, width: int) -> None:
        super().__init__()
        self.width = width
        self.conv1 = nn.Conv2d(1, CHANNELS[0], 7, stride=(2, 1), padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(CHANNELS[0])
        self.relu = nn.ReLU()
        inside_outside = pairwise((CHANNELS[0], *CHANNELS))
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            nn.Sequential(block(a, b, stride), *(block(b, b, 1) for _ in range(count - 1)))
            for (a, b), count, stride in zip(inside_outside, BLOCKS, STRIDES, strict=True)
        )
        self.pool = pool
        self.fc = nn.Linear(CHANNELS[-1], width)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def embed_bands(self, bands_BFT: Tensor) -> Tensor:
        """Features, (B, width)."""
        maps_BCFT = self.relu(self.bn1(self.conv1(bands_BFT[:, None])))
        maps_BCFT = self.layer4(self.layer3(self.layer2(self.layer1(maps_BCFT))))
        features: Tensor = self.fc(self.pool(maps_BCFT.mean(dim=2).transpose(1, 2)))
        return features


def downsample(inside: int, outside: int, stride: int) -> nn.Module:
    """The shortcut of a residual block; passes through when nothing changes."""
    if stride == 1 and inside == outside:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inside, outside, 1, stride=stride, bias=False), nn.BatchNorm2d(outside))
