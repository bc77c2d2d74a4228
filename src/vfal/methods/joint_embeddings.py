"""Learning Discriminative Joint Embeddings (Wang et al., SIGIR 2020): ranking, identity and centre."""

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from vfal.blocks.joint_embeddings import Settings
from vfal.data.batches import Batch
from vfal.losses.centres import FollowingCentres
from vfal.losses.classification import cross_entropy
from vfal.losses.hardest_negative import hardest_negative_ranking
from vfal.method import Card, Crowd, Terms
from vfal.nn.heads import SharedClassifier
from vfal.trunk_method import TrunkMethod


class JointEmbeddings(TrunkMethod[Settings]):
    """Unit vectors ranked against their hardest negatives, classified, and drawn to a person's centre."""

    card: ClassVar[Card] = Card(
        title="Learning Discriminative Joint Embeddings for Efficient Face and Voice Association",
        authors="Wang, Liu, Cheung, Cheng, Wang, Fan",
        year=2020,
        venue="SIGIR",
        link="https://doi.org/10.1145/3397271.3401302",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "Of the paper's text the abstract alone was at hand: the three constraints and the mining are "
            "its, their weights and the networks are reconstructed.",
            "Both directions are trained in one step; a reading of the paper alternates them (switch "
            "direction).",
            "vfal-eva keeps the ranking of voices among faces alone, which collapses here (switches "
            "direction, separation_weight, identity_weight, centre_weight).",
        ),
        sources={
            "width": "reconstructed",
            "shared_tail": "reconstructed",
            "direction": "reconstructed",
            "margin": "vfal-eva",
            "separation_margin": "vfal-eva",
            "separation_weight": "vfal-eva",
            "identity_weight": "reconstructed",
            "centre_weight": "reconstructed",
            "centre_rate": "reconstructed",
        },
    )

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`; `crowd` are those trained on."""
        super().__init__(voice, face, crowd=crowd, settings=settings)
        if settings.identity_weight:
            self.classifier = SharedClassifier(settings.width, crowd.identities)
        if settings.centre_weight:
            self.centres = FollowingCentres(crowd.identities, settings.width, rate=settings.centre_rate)

    def ended(self, embeddings_BD: Tensor) -> Tensor:
        """Unit vectors (B, width)."""
        return normalize(embeddings_BD, dim=1)

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: ranking of each direction whose turn it is, identity and centre."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        identity_B = batch.voices.identity_B
        voices_BD = self.embed_voices(batch.voices.inputs)
        faces_BD = self.embed_faces(batch.faces.inputs)
        sides = {"voice": (voices_BD, faces_BD), "face": (faces_BD, voices_BD)}
        losses = {
            f"ranking_{anchor}": self._ranking(*sides[anchor], identity_B) for anchor in self._anchors(step)
        }
        if self.settings.identity_weight:
            for name, (items_BD, _) in sides.items():
                loss_B = cross_entropy(self.classifier(items_BD), identity_B)
                losses[f"identity_{name}"] = self.settings.identity_weight * loss_B
        if self.settings.centre_weight:
            distance_B = self.centres(voices_BD, identity_B) + self.centres(faces_BD, identity_B)
            losses["centre"] = self.settings.centre_weight * distance_B
            self.centres.follow(torch.cat([voices_BD, faces_BD]), identity_B.repeat(2))
        yield "all", Terms(losses)

    def _anchors(self, step: int) -> tuple[str, ...]:
        if self.settings.direction == "alternate":
            return ("face",) if step % 2 else ("voice",)
        return ("voice", "face") if self.settings.direction == "both" else ("voice",)

    def _ranking(self, anchors_BD: Tensor, candidates_BD: Tensor, identity_B: Tensor) -> Tensor:
        return hardest_negative_ranking(
            anchors_BD,
            candidates_BD,
            identity_B,
            margin=self.settings.margin,
            separation_margin=self.settings.separation_margin,
            separation_weight=self.settings.separation_weight,
        )
