"""Fusion and Orthogonal Projection (Saeed et al., ICASSP 2022): one classifier on the fused pair."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from torch import Tensor, nn

from vfal.blocks.fop import Settings
from vfal.data.batches import Batch
from vfal.losses.classification import cross_entropy
from vfal.losses.orthogonal_projection import orthogonal_projection
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.fusion import GatedFusion, LinearFusion
from vfal.nn.unit_branch import Classifier, unit_branches


class FusionAndOrthogonalProjection(Method):
    """A branch per modality, fused while training; evaluation compares what goes into the fusion."""

    card: ClassVar[Card] = Card(
        title="Fusion and Orthogonal Projection for Improved Face-Voice Association",
        authors="Saeed, Khan, Nawaz, Yousaf, Del Bue",
        year=2022,
        venue="ICASSP",
        link="https://arxiv.org/abs/2112.10483",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "Every person comes twice in a batch; the code leaves that to chance.",
            "Batches are drawn afresh; the code shuffles its rows once and repeats the same blocks.",
            "The best step is chosen on validation people; the code chooses it on the test list.",
            "A voice meets any picture of its track; the code's pairs are fixed rows of two tables.",
        ),
        sources={
            "width": "official code",
            "gate_width": "official code",
            "dropout": "official code",
            "fusion": "paper",
            "projection_weight": "paper",
            "negative_weight": "official code",
        },
    )
    measure: ClassVar[Literal["cosine", "euclidean"]] = "euclidean"
    trunk: ClassVar[Literal["feature_mlp", "plain_features"]] = "plain_features"

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        self.voice_branch, self.face_branch = unit_branches(
            voice, face, width=settings.width, dropout=settings.dropout
        )
        self.fusion: GatedFusion | LinearFusion = (
            GatedFusion(settings.width, gate_width=settings.gate_width)
            if settings.fusion == "gated"
            else LinearFusion()
        )
        self.classifier = Classifier(settings.width, crowd.identities)

    def embed_voices(self, voices: Tensor) -> Tensor:
        """What the fusion takes of voices, (B, width), >= 0: tanh of unit vectors, or these (linear)."""
        return self.fusion.alone(self.voice_branch(self.voice(voices)))

    def embed_faces(self, faces: Tensor) -> Tensor:
        """What the fusion takes of faces, (B, width), >= 0."""
        return self.fusion.alone(self.face_branch(self.face(faces)))

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: cross-entropy and orthogonal projection of the fused vectors (paper Eq. 3 and 4)."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        identity_B = batch.voices.identity_B
        fused_BD = self.fusion(
            self.voice_branch(self.voice(batch.voices.inputs)),
            self.face_branch(self.face(batch.faces.inputs)),
        )
        projection_B = orthogonal_projection(
            fused_BD, identity_B, negative_weight=self.settings.negative_weight
        )
        yield (
            "all",
            Terms(
                {
                    "identity": cross_entropy(self.classifier(fused_BD), identity_B),
                    "orthogonal_projection": self.settings.projection_weight * projection_B,
                }
            ),
        )
