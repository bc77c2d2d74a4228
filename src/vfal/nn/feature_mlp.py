"""An encoder for frozen features: the regime in which most published methods are compared."""

from torch import Tensor, nn

from vfal.core.types import Modality
from vfal.nn.encoder_widths import encoder_widths


class FeatureMLP(nn.Module):
    """Frozen features (B, inputs) to (B, width), >= 0: dropout, linear, ReLU.

    Source: the modality-specific first layer of my-yy/vfal-eva's shared MLP (dropout 0.5, width 256).
    """

    def __init__(self, *, modality: Modality, inputs: int, width: int, dropout: float) -> None:
        super().__init__()
        self.modality = modality
        self.width = width
        self.layers = nn.Sequential(nn.Dropout(dropout), nn.Linear(inputs, width), nn.ReLU())

    def forward(self, features_BD: Tensor) -> Tensor:
        """Features, (B, width)."""
        features: Tensor = self.layers(features_BD)
        return features


class FeatureMLPs(nn.ModuleDict):
    """One on either encoder, by modality: the first layers of a method that takes features as they are."""

    def __init__(self, voice: nn.Module, face: nn.Module, *, width: int, dropout: float) -> None:
        super().__init__(
            {
                modality: FeatureMLP(modality=modality, inputs=inputs, width=width, dropout=dropout)
                for modality, inputs in encoder_widths(voice, face).items()
            }
        )
