"""From an embedding back to what it was made of."""

from torch import nn

from vfal.nn.encoder_widths import encoder_widths


class Decoder(nn.Sequential):
    """Embedding (B, width) to (B, outputs): dropout, two hidden layers with ReLU, linear.

    Source: my-yy/vfal-eva:models/cae_model.py (dropout 0.5, hidden 256).
    """

    def __init__(self, width: int, hidden: int, outputs: int, *, dropout: float) -> None:
        super().__init__(
            nn.Dropout(dropout),
            nn.Linear(width, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, outputs),
        )


class Decoders(nn.ModuleDict):
    """One by modality, from embeddings (B, width) to what that modality's encoder puts out."""

    def __init__(self, voice: nn.Module, face: nn.Module, *, width: int, hidden: int, dropout: float) -> None:
        super().__init__(
            {
                modality: Decoder(width, hidden, outputs, dropout=dropout)
                for modality, outputs in encoder_widths(voice, face).items()
            }
        )
