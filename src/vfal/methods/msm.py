"""Maximum class separation for face-voice association (Moscati et al., ICASSP 2026)."""

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from vfal.blocks.msm import Settings
from vfal.data.batches import Batch
from vfal.losses.classification import cross_entropy
from vfal.losses.orthogonal_projection import orthogonal_projection
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.encoder_widths import encoder_widths
from vfal.nn.separate_prototypes import SeparatePrototypes
from vfal.nn.unit_branch import begin


class MaximumSeparation(Method):
    """One layer per modality; their weighted sum is classified by vectors that never move."""

    card: ClassVar[Card] = Card(
        title="Face-Voice Association with Inductive Bias for Maximum Class Separation",
        authors="Moscati, Kats, Noman, Zaheer, Hou, Schedl, Nawaz",
        year=2026,
        venue="ICASSP",
        link="https://arxiv.org/abs/2601.13651",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "Batches hold nobody twice, so orthogonal projection only pushes apart; in the released code's "
            "fixed blocks people repeat by chance.",
            "Both modalities start with the same share of the fusion; a share that the released code draws "
            "near 0 may turn negative, and its modality then learns the opposite (switch fusion_start).",
            "The step is chosen on validation people; the released code chooses the epoch on its test list.",
        ),
        sources={
            "classifier": "paper",
            "fusion_start": "reconstructed",
            "dropout": "official code",
            "orthogonality": "official code",
            "negative_weight": "official code",
        },
    )
    measure: ClassVar = "euclidean"  # orders unit vectors as cosine does, and bears one with no active unit
    trunk: ClassVar = "plain_features"

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`; embeddings are one narrower than I."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        width = crowd.identities - 1
        inputs = encoder_widths(voice, face)
        self.voice_branch = _branch(inputs["voice"], width, settings.dropout)
        self.face_branch = _branch(inputs["face"], width, settings.dropout)
        start = torch.rand if settings.fusion_start == "random" else _half
        self.face_share, self.voice_share = nn.Parameter(start(1)), nn.Parameter(start(1))
        learned = settings.classifier == "learned"
        self.classifier = (
            nn.Linear(width, crowd.identities) if learned else SeparatePrototypes(crowd.identities)
        )
        begin(self.modules())

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Unit vectors (B, I - 1) without negative entries."""
        return normalize(self.voice_branch(self.voice(voices)), dim=1)

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Unit vectors (B, I - 1) without negative entries."""
        return normalize(self.face_branch(self.face(faces)), dim=1)

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: cross-entropy and orthogonal projection of the fused embeddings."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        identity_B, settings = batch.voices.identity_B, self.settings
        faces_BD = self.embed_faces(batch.faces.inputs)
        fused_BD = self.face_share * faces_BD + self.voice_share * self.embed_voices(batch.voices.inputs)
        losses = {"identity": cross_entropy(self.classifier(fused_BD), identity_B)}
        if settings.orthogonality:
            projection_B = orthogonal_projection(
                fused_BD, identity_B, negative_weight=settings.negative_weight
            )
            losses["orthogonality"] = settings.orthogonality * projection_B
        yield "all", Terms(losses)


def _half(size: int) -> Tensor:
    return torch.full((size,), 0.5)  # the mean of what the released code draws


def _branch(inputs: int, width: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, width, bias=False),  # the normalisation would take a bias out again
        nn.BatchNorm1d(width),
        nn.ReLU(),
        nn.Dropout(dropout),
    )
