"""Lifted structure on all voices and faces: what vfal-eva runs under the name of TriNet's paper (VFMR)."""

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from vfal.blocks.lifted_structure import Settings
from vfal.data.batches import Batch
from vfal.losses.lifted_structure import lifted_structure
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.tails import EmbeddingTails


class LiftedStructure(Method):
    """The common trunk, and a pair's distance against the distances of both its ends to everybody else."""

    card: ClassVar[Card] = Card(
        title="Lifted structure loss across modalities (vfal-eva's VFMR)",
        authors="Oh Song, Xiang, Jegelka, Savarese (loss); my-yy (benchmark)",
        year=2022,
        venue="vfal-eva",
        link="https://github.com/my-yy/vfal-eva",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "The loss is of CVPR 2016 and unlike TriNet's, whose name vfal-eva gives it.",
            "Batches hold nobody twice; vfal-eva's do, and count such rows as further positives.",
        ),
        sources={
            "width": "vfal-eva",
            "shared_tail": "vfal-eva",
            "negative_margin": "vfal-eva",
            "positive_margin": "vfal-eva",
        },
    )

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        self.tails = EmbeddingTails(voice, face, width=settings.width, shared=settings.shared_tail)

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Embeddings (B, width), not normalised."""
        return self.tails(self.voice(voices), "voice")  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Embeddings (B, width), not normalised."""
        return self.tails(self.face(faces), "face")  # type: ignore[no-any-return]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: an item's share of the loss is the mean of its voice's and its face's."""
        assert batch.voices is not None and batch.faces is not None
        assert batch.voices.identity_B is not None and batch.faces.identity_B is not None
        loss_N = lifted_structure(
            torch.cat([self.embed_voices(batch.voices.inputs), self.embed_faces(batch.faces.inputs)]),
            torch.cat([batch.voices.identity_B, batch.faces.identity_B]),
            negative_margin=self.settings.negative_margin,
            positive_margin=self.settings.positive_margin,
        )
        yield "all", Terms({"lifted_structure": loss_N.view(2, -1).mean(dim=0)})
