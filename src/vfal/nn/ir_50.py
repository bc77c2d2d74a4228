"""IR-50, the face encoder of the published code, although its paper says SE-ResNet-50."""

from typing import ClassVar

from torch import Tensor, nn

from vfal.core.errors import DataError
from vfal.core.types import Modality

INPUT_PX = 112
STAGES = ((64, 3), (128, 4), (256, 14), (512, 3))  # channels, units


class IR50(nn.Module):
    """Faces (B, 3, 112, 112), RGB in [-1, 1], to features (B, 512); 43.57 M parameters.

    No squeeze-and-excitation. Entry names equal those of `backbone_ir50_ms1m_epoch120.pth`.
    `reverse_channels` feeds BGR, as the published code does, to weights learnt (by all we know) on RGB.
    Source: KID-7391:models/nn/ir_se_model.py, mode "ir".
    """

    modality: ClassVar[Modality] = "face"
    width: ClassVar[int] = 512

    def __init__(self, *, reverse_channels: bool = True) -> None:
        super().__init__()
        self.reverse_channels = reverse_channels
        self.input_layer = nn.Sequential(
            nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64)
        )
        units, inside = [], 64
        for outside, count in STAGES:
            for index in range(count):
                units.append(Unit(inside, outside, stride=2 if index == 0 else 1))
                inside = outside
        self.body = nn.Sequential(*units)
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(512),
            nn.Dropout(0.5),
            nn.Flatten(),
            nn.Linear(512 * (INPUT_PX // 16) ** 2, self.width),
            nn.BatchNorm1d(self.width),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight)

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        """Features, (B, 512); another size than 112 x 112 is a `DataError`."""
        if faces_BCHW.shape[1:] != (3, INPUT_PX, INPUT_PX):
            raise DataError(
                f"face batch: found {tuple(faces_BCHW.shape)}, expected (B, 3, {INPUT_PX}, {INPUT_PX}). "
                f"Set preprocess.face_px to {INPUT_PX} for ir_50."
            )
        if self.reverse_channels:
            faces_BCHW = faces_BCHW.flip(1)
        features: Tensor = self.output_layer(self.body(self.input_layer(faces_BCHW)))
        return features


class Unit(nn.Module):
    """One residual unit: batch norm first, nothing after the sum."""

    def __init__(self, inside: int, outside: int, *, stride: int) -> None:
        super().__init__()
        self.shortcut_layer: nn.Module = nn.MaxPool2d(1, stride)
        if inside != outside:
            self.shortcut_layer = nn.Sequential(
                nn.Conv2d(inside, outside, 1, stride=stride, bias=False), nn.BatchNorm2d(outside)
            )
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(inside),
            nn.Conv2d(inside, outside, 3, padding=1, bias=False),
            nn.PReLU(outside),
            nn.Conv2d(outside, outside, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(outside),
        )

    def forward(self, maps_BCHW: Tensor) -> Tensor:
        """Maps at 1 / stride of the size."""
        summed: Tensor = self.res_layer(maps_BCHW) + self.shortcut_layer(maps_BCHW)
        return summed
