"""PAEFF (Hannan et al., Interspeech 2025): alignment in the Poincare ball, then fusion by attention."""

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, normalize

from vfal.blocks.paeff import Settings
from vfal.data.batches import Batch
from vfal.losses.classification import cross_entropy
from vfal.losses.orthogonal_projection import orthogonal_projection
from vfal.losses.softmax_contrast import softmax_contrast
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.attention_fusion import AttentionFusion
from vfal.nn.encoder_widths import encoder_widths
from vfal.nn.poincare import to_ball
from vfal.nn.unit_branch import begin


class AlignedGatedFusion(Method):
    """Two branches that are aligned with each other, and fused to be classified."""

    card: ClassVar[Card] = Card(
        title="PAEFF: Precise Alignment and Enhanced Gated Feature Fusion for Face-Voice Association",
        authors="Hannan, Manzoor, Nawaz, Liaqat, Schedl, Noman",
        year=2025,
        venue="Interspeech",
        link="https://arxiv.org/abs/2505.17002",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "Batches hold nobody twice, so orthogonal projection only pushes apart; in the released code's "
            "fixed blocks people repeat by chance, and count as negatives of each other in the alignment.",
            "Adam with the common recipe; the released code takes AdamW at 2e-5 with a cosine schedule.",
            "The step is chosen on validation people; the released code chooses the epoch on its test list.",
        ),
        sources={
            "width": "official code",
            "dropout": "official code",
            "curvature": "official code",
            "riemannian": "official code",
            "temperature": "official code",
            "fusion_kernel": "official code",
            "identification": "official code",
            "orthogonality": "official code",
            "alignment": "official code",
            "negative_weight": "official code",
        },
    )
    measure: ClassVar = "euclidean"
    trunk: ClassVar = "plain_features"

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        inputs = encoder_widths(voice, face)
        self.voice_branch = _branch(inputs["voice"], settings)
        self.face_branch = _branch(inputs["face"], settings)
        self.fusion = AttentionFusion(kernel=settings.fusion_kernel)
        self.mix = nn.Linear(settings.width, settings.width)
        self.classifier = nn.Linear(settings.width, crowd.identities)
        for part in (self.voice_branch, self.face_branch, self.mix, self.classifier):
            begin(part.modules())

    def embed_voices(self, voices: Tensor) -> Tensor:
        """GELU of a unit vector, (B, width): what the fusion sees."""
        return gelu(self._unit_voices(voices))

    def embed_faces(self, faces: Tensor) -> Tensor:
        """GELU of a unit vector, (B, width)."""
        return gelu(self._unit_faces(faces))

    def _unit_voices(self, voices: Tensor) -> Tensor:
        return normalize(self.voice_branch(self.voice(voices)), dim=1)

    def _unit_faces(self, faces: Tensor) -> Tensor:
        return normalize(self.face_branch(self.face(faces)), dim=1)

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: cross-entropy and orthogonal projection when fused, and alignment before."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        identity_B, settings = batch.voices.identity_B, self.settings
        voices_BD, faces_BD = self._unit_voices(batch.voices.inputs), self._unit_faces(batch.faces.inputs)
        fused_BD = torch.tanh(self.mix(self.fusion(faces_BD, voices_BD)))
        projection_B = orthogonal_projection(fused_BD, identity_B, negative_weight=settings.negative_weight)
        yield (
            "all",
            Terms(
                {
                    "identity": settings.identification
                    * cross_entropy(self.classifier(fused_BD), identity_B),
                    "orthogonality": settings.orthogonality * projection_B,
                    "alignment": settings.alignment * self._alignment(voices_BD, faces_BD, identity_B),
                }
            ),
        )

    def _alignment(self, voices_BD: Tensor, faces_BD: Tensor, identity_B: Tensor) -> Tensor:
        """Mean over both sides of the InfoNCE of products of points in the ball, (B,)."""
        curvature, riemannian = self.settings.curvature, self.settings.riemannian
        voices_BD = to_ball(voices_BD, curvature=curvature, riemannian=riemannian)
        faces_BD = to_ball(faces_BD, curvature=curvature, riemannian=riemannian)
        sides = [
            softmax_contrast(
                anchors_BD,
                candidates_BD,
                offset=1.0,
                temperature=self.settings.temperature,
                normalise_anchors=False,
                normalise_candidates=False,
                exclude_same_identity=identity_B,
            )
            for anchors_BD, candidates_BD in ((voices_BD, faces_BD), (faces_BD, voices_BD))
        ]
        return 0.5 * (sides[0] + sides[1])


def _branch(inputs: int, settings: Settings) -> nn.Sequential:
    width = settings.width
    return nn.Sequential(
        nn.Linear(inputs, width, bias=False),  # the normalisation would take a bias out again
        nn.BatchNorm1d(width),
        nn.ReLU(),
        nn.Dropout(settings.dropout),
        nn.Linear(width, width),
    )
