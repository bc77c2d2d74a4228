"""SSNet (Nawaz et al., DICTA 2019): a single stream for both modalities, one centre per identity."""

from collections.abc import Iterator
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from vfal.blocks.ssnet import Settings
from vfal.data.batches import Batch
from vfal.losses.classification import cross_entropy
from vfal.losses.git import centre_pull
from vfal.losses.moving_centres import MovingCentres
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.shared_stream import SharedStream
from vfal.nn.unit_branch import Classifier


class SingleStreamNetwork(Method):
    """Voices and faces through the same layers, drawn to the centre of their identity that both share."""

    card: ClassVar[Card] = Card(
        title="Deep Latent Space Learning for Cross-modal Mapping of Audio and Visual Signals",
        authors="Nawaz, Janjua, Gallo, Mahmood, Calefati",
        year=2019,
        venue="DICTA",
        link="https://arxiv.org/abs/1909.08685",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "The stream begins at frozen features, as in the authors' later code; the paper's at pictures.",
            "Centres begin at the first items of their identity; vfal-eva's far away, at random.",
            "A voice and a face of each person share every batch; the published stream mixes at random.",
            "Weight and rate of the centres are reconstructed.",
        ),
        sources={
            "width": "official code",
            "dropout": "official code",
            "centre_weight": "reconstructed",
            "centre_update": "paper",
            "centre_rate": "reconstructed",
        },
    )
    trunk: ClassVar[Literal["feature_mlp", "plain_features"]] = "plain_features"

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        self.stream = SharedStream(voice, face, width=settings.width, dropout=settings.dropout)
        self.classifier = Classifier(settings.width, crowd.identities)
        self.centres = MovingCentres(
            crowd.identities, settings.width, update=settings.centre_update, rate=settings.centre_rate
        )

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Unit vectors (B, width), >= 0."""
        return self.stream(self.stream.enter(self.voice(voices), "voice"))  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Unit vectors (B, width), >= 0."""
        return self.stream(self.stream.enter(self.face(faces), "face"))  # type: ignore[no-any-return]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: cross-entropy and centre loss, means of a row's voice and face; then the centres move."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        entered_BD = torch.cat(
            [
                self.stream.enter(self.voice(batch.voices.inputs), "voice"),
                self.stream.enter(self.face(batch.faces.inputs), "face"),
            ]
        )
        embeddings_BD, identity_B = self.stream(entered_BD), batch.voices.identity_B.repeat(2)
        self.centres.begin(embeddings_BD, identity_B)
        pull_B = centre_pull(embeddings_BD, self.centres.of(identity_B), distance="vector")
        ce_B = cross_entropy(self.classifier(embeddings_BD), identity_B)
        yield (
            "all",
            Terms(
                {
                    "identity": ce_B.view(2, -1).mean(dim=0),
                    "centre": self.settings.centre_weight * pull_B.view(2, -1).mean(dim=0),
                }
            ),
        )
        self.centres.move(embeddings_BD, identity_B)
