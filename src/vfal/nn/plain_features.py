"""An encoder that leaves frozen features as they are, for methods whose first layer is their own."""

from torch import Tensor, nn

from vfal.core.types import Modality


class PlainFeatures(nn.Module):
    """Frozen features (B, inputs) as they are."""

    def __init__(self, *, modality: Modality, inputs: int) -> None:
        super().__init__()
        self.modality = modality
        self.width = inputs

    def forward(self, features_BD: Tensor) -> Tensor:
        """The features, (B, inputs)."""
        return features_BD
