"""Pair classifier (Tao et al., ACM MM 2024, winner of FAME 2024): a network scores a voice and a face."""

import math
from collections.abc import Iterator
from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import normalize

from vfal.blocks.pair_classifier import Settings
from vfal.data.batches import Batch
from vfal.losses.pair_classification import balanced_pair_loss
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.encoder_widths import encoder_widths
from vfal.nn.pair_head import PairHead


class PairClassifier(Method):
    """Two embeddings are put side by side and judged together; the score is the logit of one person."""

    card: ClassVar[Card] = Card(
        title="Multi-Stage Face-Voice Association Learning with Keynote Speaker Diarization",
        authors="Tao, Shi, Jiang, Truong, Chng, Alioto, Li",
        year=2024,
        venue="ACM MM",
        link="https://github.com/TaoRuijie/MFV-KSD",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "Only the network that judges pairs and its loss: no diarization, no three stages of training.",
            "The embeddings are brought to length 1 before they are judged, so that a mean of several items "
            "can be judged as well (switch normalise).",
            "A voice is heard once; the released test averages the whole clip with windows of 2 s.",
            "The score is the logit of one person; the released code writes the logit of two people.",
            "Wrong pairs join each voice to the face of the next row; the released code tosses a coin "
            "per face, and its wrong voice may be of the right person.",
        ),
        sources={
            "width": "official code",
            "hidden": "official code",
            "dropout": "official code",
            "normalise": "reconstructed",
        },
    )

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        self.layers = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Dropout(settings.dropout), nn.Linear(inputs, settings.width))
                for name, inputs in encoder_widths(voice, face).items()
            }
        )
        self.head = PairHead(settings.width, settings.hidden)

    def embed_voices(self, voices: Tensor) -> Tensor:
        """What the pair is judged by, (B, width)."""
        return self.layers["voice"](self.voice(voices))  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        """What the pair is judged by, (B, width)."""
        return self.layers["face"](self.face(faces))  # type: ignore[no-any-return]

    def score(self, voices_ND: Tensor, faces_MD: Tensor) -> Tensor:
        """Logits (N, M) of being one person, computed in blocks of pairs."""
        return self.head.matrix(self._seen(voices_ND), self._seen(faces_MD))

    def score_pairs(self, voices_PD: Tensor, faces_PD: Tensor) -> Tensor:
        """Logits (P,) of row i with row i."""
        return self.head(self._seen(voices_PD), self._seen(faces_PD))  # type: ignore[no-any-return]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: binary cross-entropy of the own pair and of a wrong one."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        loss_B = balanced_pair_loss(
            self.score_pairs,
            self.embed_voices(batch.voices.inputs),
            self.embed_faces(batch.faces.inputs),
            batch.voices.identity_B,
        )
        yield "all", Terms({"same_person": loss_B})

    def _seen(self, embeddings_BD: Tensor) -> Tensor:
        """Embeddings as the head wants them; of length sqrt(width), like a freshly drawn vector."""
        if not self.settings.normalise:
            return embeddings_BD
        return normalize(embeddings_BD, dim=1) * math.sqrt(embeddings_BD.shape[1])
