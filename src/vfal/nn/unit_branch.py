"""The branch of fusion and single-branch networks: small layers that end in a vector of length 1."""

from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn.functional import normalize

from vfal.nn.encoder_widths import encoder_widths

FIRST_BIAS = 0.01


class UnitBranch(nn.Module):
    """Encoder output (B, inputs) to (B, width) of length 1 and >= 0: linear, batch norm, ReLU, dropout.

    `layers` such blocks one after the other. Since ReLU comes last, no cosine of two outputs is below 0:
    "orthogonal" means that no coordinate is used by both. Sources: msaadsaeed/FOP:retrieval_model.py,
    EmbedBranch (one layer); msaadsaeed/SBNet:ssnet_fop/retrieval_model.py (two).
    """

    def __init__(self, inputs: int, width: int, *, dropout: float, layers: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Linear(inputs if place == 0 else width, width),
                    nn.BatchNorm1d(width),
                    nn.ReLU(),
                    nn.Dropout(dropout),
                )
                for place in range(layers)
            )
        )
        begin(self.modules())
        for layer in self.layers:
            hold_bias(layer)

    def forward(self, outputs_BD: Tensor) -> Tensor:
        """Unit vectors (B, width); a row that dropout or ReLU left empty stays 0."""
        return normalize(self.layers(outputs_BD), dim=1)


def unit_branches(
    voice: nn.Module, face: nn.Module, *, width: int, dropout: float
) -> tuple[UnitBranch, UnitBranch]:
    """A branch of one layer on either encoder: what two-branch methods fuse."""
    of_voice, of_face = (
        UnitBranch(inputs, width, dropout=dropout) for inputs in encoder_widths(voice, face).values()
    )
    return of_voice, of_face


class Classifier(nn.Linear):
    """Embedding (B, width) to logits (B, identities), with bias; begun as the layers before it."""

    def __init__(self, width: int, identities: int) -> None:
        super().__init__(width, identities)
        begin([self])


def begin(modules: Iterable[nn.Module]) -> None:
    """Xavier-uniform weights, and biases of 0.01, in every linear layer (msaadsaeed/FOP:main.py)."""
    for module in modules:
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.constant_(module.bias, FIRST_BIAS)


def hold_bias(layers: nn.Module) -> None:
    """Stop the first layer's bias from learning: the batch norm after it subtracts whatever it is."""
    first: nn.Linear = next(module for module in layers.modules() if isinstance(module, nn.Linear))
    first.bias.requires_grad_(False)
