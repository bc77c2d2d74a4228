"""Learnable Pins (Nagrani et al., ECCV 2018): contrastive loss with a curriculum of hard negatives."""

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import normalize

from vfal.blocks.learnable_pins import Settings
from vfal.data.batches import Batch
from vfal.losses.curriculum_contrast import (
    chosen_pairs_loss,
    negative_at_rank,
    pair_distances,
    ranks_as_places,
    visited_negatives,
)
from vfal.method import Card, Terms
from vfal.trunk_method import TrunkMethod


class LearnablePins(TrunkMethod[Settings]):
    """Two mapping networks; a track's own face is drawn to its voice, others are pushed beyond a margin."""

    card: ClassVar[Card] = Card(
        title="Learnable PINs: Cross-Modal Embeddings for Person Identity",
        authors="Nagrani, Albanie, Zisserman",
        year=2018,
        venue="ECCV",
        link="https://arxiv.org/abs/1805.00833",
        needs=frozenset({"video"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "No training code by the authors is at hand; what follows the reproduction my-yy/learnable_pins "
            "says so below.",
            "Its selection takes ranks for places in the batch, so distance decides nothing but how many "
            "negatives there are (switch negatives: rank_as_place).",
            "Its loss is not squared and its embeddings are not normalised (switches power and normalise).",
            "The curriculum is counted in steps, as in the reproduction; the paper counts epochs.",
            "The paper's networks are VGG-M; the common trunk of vfal-eva stands for them.",
        ),
        sources={
            "width": "vfal-eva",
            "shared_tail": "vfal-eva",
            "normalise": "reconstructed",
            "margin": "vfal-eva",
            "power": "reconstructed",
            "negatives": "reconstructed",
            "hardness_first": "vfal-eva",
            "hardness_growth": "vfal-eva",
            "hardness_last": "vfal-eva",
            "hardness_interval_steps": "vfal-eva",
        },
    )

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: distance of each pair, and the hinge of the negatives that the curriculum allows."""
        assert batch.voices is not None and batch.faces is not None
        voices_BD = self.embed_voices(batch.voices.inputs)
        faces_BD = self.embed_faces(batch.faces.inputs)
        if self.settings.normalise:
            voices_BD, faces_BD = normalize(voices_BD, dim=1), normalize(faces_BD, dim=1)
        distance_BB = pair_distances(voices_BD, faces_BD)
        negative_BB = self.negatives(distance_BB.detach(), step)
        positive_B, negative_B = chosen_pairs_loss(
            # the reproduction selects with voices in the rows and applies it with faces in them
            distance_BB.T if self.settings.negatives == "rank_as_place" else distance_BB,
            negative_BB,
            margin=self.settings.margin,
            power=self.settings.power,
        )
        yield "all", Terms({"positives": positive_B, "negatives": negative_B})

    @torch.no_grad()
    def negatives(self, distance_BB: Tensor, step: int) -> Tensor:
        """The negatives (B, B) of a step, bool, of distances with voices in the rows."""
        hardness = self.hardness(step)
        if self.settings.negatives == "at_rank":
            return negative_at_rank(distance_BB, hardness)
        visited_BB = visited_negatives(distance_BB, hardness)
        return visited_BB if self.settings.negatives == "visited" else ranks_as_places(visited_BB)

    def hardness(self, step: int) -> float:
        """Share of the batch, counted from the far end, that may be negatives at a step."""
        settings = self.settings
        grown = settings.hardness_growth * (step // settings.hardness_interval_steps)
        # Rounded: 0.3 + 5 x 0.1 is to be 0.8, or one candidate of ten would be lost.
        return min(round(settings.hardness_first + grown, 9), settings.hardness_last)
