"""What sits on an encoder: the projection to the common space and the classifier both modalities share."""

from torch import nn


class ProjectionHead(nn.Sequential):
    """Encoder output (B, inputs) to embedding (B, width): batch norm, ReLU, linear without bias, dropout.

    In training the embedding is the dropped-out vector. Entry names equal the published ones (`fc.*`).
    Source: KID-7391:models/backbones.py.
    """

    def __init__(self, inputs: int, width: int, *, dropout: float) -> None:
        super().__init__(
            nn.BatchNorm1d(inputs), nn.ReLU(), nn.Linear(inputs, width, bias=False), nn.Dropout(dropout)
        )


class SharedClassifier(nn.Linear):
    """Embedding (B, width) of either modality to logits (B, identities); no bias, nothing normalised.

    One matrix for voices and faces is what pulls both to the same vector per identity. Xavier-uniform at
    the start. Source: "Seeking the Shape of Sound" section 3.1; KID-7391:models/backbones.py, Classifier.
    """

    def __init__(self, width: int, identities: int) -> None:
        super().__init__(width, identities, bias=False)

    def reset_parameters(self) -> None:
        """Draw the matrix afresh."""
        nn.init.xavier_uniform_(self.weight)
