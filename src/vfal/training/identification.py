"""Pre-training: one modality's encoder learns to tell people apart, on people nobody is tested on."""

from collections.abc import Iterator
from typing import ClassVar

from torch import Tensor, nn

from vfal.core.types import Modality
from vfal.data.batches import Batch
from vfal.losses.classification import cross_entropy
from vfal.method import Card, Method, Terms


class Identification(Method):
    """An encoder under a linear classifier of identities; after training the encoder alone is kept."""

    card: ClassVar[Card] = Card(
        title="Identification of one modality",
        authors="",
        year=2026,
        venue="",
        link="",
        needs=frozenset({"identity"}),
        tasks=frozenset(),
        departures=(),
    )

    def __init__(self, encoder: nn.Module, modality: Modality, identities: int, *, dropout: float) -> None:
        super().__init__()
        width = int(encoder.width)  # type: ignore[arg-type]
        self.encoder, self.modality = encoder, modality
        self.head = nn.Sequential(nn.BatchNorm1d(width), nn.Dropout(dropout), nn.Linear(width, identities))

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Encoder outputs (B, D)."""
        return self.encoder(voices)  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Encoder outputs (B, D)."""
        return self.encoder(faces)  # type: ignore[no-any-return]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: cross-entropy of the identity."""
        bag = batch.voices if self.modality == "voice" else batch.faces
        assert bag is not None and bag.identity_B is not None
        logits_BI = self.head(self.encoder(bag.inputs))
        yield "all", Terms({"identity": cross_entropy(logits_BI, bag.identity_B)})
