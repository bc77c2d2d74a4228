"""SE-ResNet-50, the face encoder that the paper names."""

from typing import ClassVar

import timm
from torch import Tensor, nn

from vfal.core.types import Modality


class SEResNet50(nn.Module):
    """Faces (B, 3, S, S), RGB in [-1, 1], to features (B, 2048); 26.0 M parameters.

    timm's `seresnet50` without its classifier, with fresh weights: nothing is downloaded. The published
    weights are IR-50's and do not fit. Source: "Seeking the Shape of Sound" section 4.2 (name only).
    """

    modality: ClassVar[Modality] = "face"
    width: ClassVar[int] = 2048

    def __init__(self) -> None:
        super().__init__()
        self.trunk = timm.create_model("seresnet50", pretrained=False, num_classes=0)

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        """Features, (B, 2048)."""
        features: Tensor = self.trunk(faces_BCHW)
        return features
