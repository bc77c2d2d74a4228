"""A Multilingual Perspective (Nawaz et al., CVPRW 2021): the model that came with MAV-Celeb."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from torch import Tensor, nn

from vfal.blocks.multilingual import Settings
from vfal.data.batches import Batch
from vfal.losses.classification import cross_entropy
from vfal.losses.git import centre_pull, git_push
from vfal.losses.moving_centres import MovingCentres
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.fusion import LinearFusion
from vfal.nn.unit_branch import Classifier, unit_branches


class MultilingualPerspective(Method):
    """A branch per modality, their weighted sum classified and drawn to a moving centre per identity."""

    card: ClassVar[Card] = Card(
        title="Cross-modal Speaker Verification and Recognition: A Multilingual Perspective",
        authors="Nawaz, Saeed, Morerio, Mahmood, Gallo, Yousaf, Del Bue",
        year=2021,
        venue="CVPRW",
        link="https://arxiv.org/abs/2004.13780",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "The paper's code is not public; the same authors' later two-branch code stands for it.",
            "Centres move; in that code the operation that moves them is never run.",
            "Centres begin at the first items of their identity; in that code at random.",
            "Distances are those of vectors; that code averages over coordinates (switch distance).",
            "The Git loss pushes nobody from an identity of their own that comes twice.",
            "The best step is chosen on validation people; that code chooses it on the test list.",
        ),
        sources={
            "width": "official code",
            "dropout": "official code",
            "loss": "official code",
            "loss_weight": "reconstructed",
            "distance": "paper",
            "centre_update": "paper",
            "centre_rate": "official code",
        },
    )
    trunk: ClassVar[Literal["feature_mlp", "plain_features"]] = "plain_features"

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        self.voice_branch, self.face_branch = unit_branches(
            voice, face, width=settings.width, dropout=settings.dropout
        )
        self.fusion = LinearFusion()
        self.classifier = Classifier(settings.width, crowd.identities)
        self.centres = MovingCentres(
            crowd.identities, settings.width, update=settings.centre_update, rate=settings.centre_rate
        )

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Unit vectors (B, width), >= 0, before fusion."""
        return self.voice_branch(self.voice(voices))  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Unit vectors (B, width), >= 0, before fusion."""
        return self.face_branch(self.face(faces))  # type: ignore[no-any-return]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: cross-entropy and centre (or Git) loss of the weighted sums; then the centres move."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        identity_B = batch.voices.identity_B
        fused_BD = self.fusion(self.embed_voices(batch.voices.inputs), self.embed_faces(batch.faces.inputs))
        self.centres.begin(fused_BD, identity_B)
        centres_BD = self.centres.of(identity_B)
        weight, distance = self.settings.loss_weight, self.settings.distance
        losses = {
            "identity": cross_entropy(self.classifier(fused_BD), identity_B),
            "centre": weight * centre_pull(fused_BD, centres_BD, distance=distance),
        }
        if self.settings.loss == "git":
            losses["git"] = weight * git_push(
                fused_BD, centres_BD, distance=distance, exclude_same_identity=identity_B
            )
        yield "all", Terms(losses)
        self.centres.move(fused_BD, identity_B)
