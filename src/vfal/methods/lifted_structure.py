"""Lifted structure on all voices and faces: what vfal-eva runs under the name of TriNet's paper (VFMR)."""

from collections.abc import Iterator
from typing import ClassVar

import torch

from vfal.blocks.lifted_structure import Settings
from vfal.data.batches import Batch
from vfal.losses.lifted_structure import lifted_structure
from vfal.method import Card, Terms
from vfal.trunk_method import TrunkMethod


class LiftedStructure(TrunkMethod[Settings]):
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
