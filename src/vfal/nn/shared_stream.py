"""One network for both modalities: what single-stream and single-branch methods are about."""

from torch import Tensor, nn

from vfal.core.types import Modality
from vfal.nn.encoder_widths import encoder_widths
from vfal.nn.unit_branch import UnitBranch, begin


class SharedStream(nn.Module):
    """Voices and faces through one two-layer branch, its batch norm included, to unit vectors (B, width).

    Encoders of one width enter as they are. Where widths differ each modality has a linear layer of its
    own to `width` first, the least that lets one branch take both. Sources: msaadsaeed/SBNet:ssnet_fop
    and ssnet_cent_git/retrieval_model.py, where both features are 512 wide.
    """

    def __init__(self, voice: nn.Module, face: nn.Module, *, width: int, dropout: float) -> None:
        """`voice` and `face` are the encoders before it, with an attribute `width`."""
        super().__init__()
        inputs = encoder_widths(voice, face)
        alike = inputs["voice"] == inputs["face"]
        self.entries = nn.ModuleDict(
            {name: nn.Identity() if alike else nn.Linear(size, width) for name, size in inputs.items()}
        )
        begin(self.entries.modules())
        self.branch = UnitBranch(inputs["voice"] if alike else width, width, dropout=dropout, layers=2)

    def enter(self, outputs_BD: Tensor, modality: Modality) -> Tensor:
        """Encoder outputs in the width that both modalities share: what `forward` takes."""
        entered: Tensor = self.entries[modality](outputs_BD)
        return entered

    def forward(self, entered_BD: Tensor) -> Tensor:
        """Unit vectors (B, width) of items of any modality; in training, batch norm sees them together."""
        vectors: Tensor = self.branch(entered_BD)
        return vectors
