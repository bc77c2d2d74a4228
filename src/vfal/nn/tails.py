"""The second half of the common trunk: from encoder outputs to the space both modalities meet in."""

from torch import Tensor, nn

from vfal.core.types import Modality


class EmbeddingTails(nn.Module):
    """Encoder output (B, inputs) of a modality to embedding (B, width): linear, ReLU, linear.

    One tail for both modalities when `shared`, which wants encoders of one width, else one each; the
    hidden layer is as wide as the encoder. After a `feature_mlp` encoder of width 256 this is the network
    that published methods are compared on. Source: my-yy/vfal-eva, MLP-256 (128 wide, shared).
    """

    def __init__(self, voice: nn.Module, face: nn.Module, *, width: int, shared: bool) -> None:
        super().__init__()
        inputs = [int(voice.width), int(face.width)]  # type: ignore[arg-type]
        if shared and inputs[0] != inputs[1]:
            raise ValueError(
                f"a shared tail wants encoders of one width, found {inputs[0]} for voices and {inputs[1]} "
                "for faces; set shared_tail: false"
            )
        self.tails = nn.ModuleList(
            nn.Sequential(nn.Linear(size, size), nn.ReLU(), nn.Linear(size, width))
            for size in (inputs[:1] if shared else inputs)
        )

    def forward(self, outputs_BD: Tensor, modality: Modality) -> Tensor:
        """Embeddings (B, width)."""
        embedded: Tensor = self.tails[0 if modality == "voice" else -1](outputs_BD)
        return embedded
