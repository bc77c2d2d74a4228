"""ResNetSE34L with self-attentive pooling, the voice encoder of the published code."""

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from vfal.core.types import Modality
from vfal.nn.front_ends import LogMel
from vfal.nn.pooling import SelfAttentivePooling
from vfal.nn.resnet_34 import CHANNELS, QuarterResNet34, downsample

REDUCTION = 8  # of the squeeze


class ResNetSE34L(QuarterResNet34):
    """Waveform (B, T), 16 kHz, int16 scale, to features (B, 512); 1.44 M parameters.

    40 log-mel bands, squeeze-and-excitation blocks, self-attentive pooling. Fits
    `baseline_lite_ap.model`. Source: KID-7391:models/nn/res_se_34l_model.py, after voxceleb_trainer.
    """

    modality: ClassVar[Modality] = "voice"

    def __init__(self) -> None:
        super().__init__(SEBasicBlock, SelfAttentivePooling(CHANNELS[-1]), width=512)
        self.front_end = LogMel()

    def forward(self, wave_BT: Tensor) -> Tensor:
        """Features, (B, 512)."""
        return self.embed_bands(self.front_end(wave_BT))


class SEBasicBlock(nn.Module):
    """Residual block with squeeze-and-excitation; the first ReLU stands before its batch norm."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.se = SqueezeExcitation(outside)
        self.downsample = downsample(inside, outside, stride)

    def forward(self, maps_BCFT: Tensor) -> Tensor:
        """Maps at 1 / stride of the size."""
        moved_BCFT = self.bn1(functional.relu(self.conv1(maps_BCFT)))
        moved_BCFT = self.se(self.bn2(self.conv2(moved_BCFT)))
        return functional.relu(moved_BCFT + self.downsample(maps_BCFT))


class SqueezeExcitation(nn.Module):
    """Scales each channel by a gate in (0, 1) computed from the means of all channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // REDUCTION),
            nn.ReLU(),
            nn.Linear(channels // REDUCTION, channels),
            nn.Sigmoid(),
        )

    def forward(self, maps_BCFT: Tensor) -> Tensor:
        """Maps, scaled."""
        gate_BC = self.fc(maps_BCFT.mean(dim=(2, 3)))
        scaled: Tensor = maps_BCFT * gate_BC[:, :, None, None]
        return scaled
