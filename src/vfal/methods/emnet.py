"""EmNet (Wang et al., ICME workshops 2019), reconstructed: ranking among any number of candidates."""

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import normalize

from vfal.blocks.emnet import Settings
from vfal.data.batches import Batch
from vfal.losses.elastic import elastic_ranking, rolled_places
from vfal.method import Card, Terms
from vfal.trunk_method import TrunkMethod


class ElasticMatching(TrunkMethod[Settings]):
    """A distance under which a match wins among k candidates, whatever k is."""

    measure = "euclidean"
    card: ClassVar[Card] = Card(
        title="A Novel Distance Learning for Elastic Cross-Modal Audio-Visual Matching",
        authors="Wang, Huang, Zhang, Ma, Zheng",
        year=2019,
        venue="ICME workshops",
        link="https://github.com/my-yy/vfal_papers",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "The paper's text was not at hand: the loss is reconstructed from the title and from later work "
            "of the same group (AML).",
            "The common trunk of vfal-eva stands for the paper's networks.",
            "Mismatches are other rows of the batch.",
        ),
        sources={
            "width": "vfal-eva",
            "shared_tail": "vfal-eva",
            "normalise": "reconstructed",
            "probe": "reconstructed",
            "least_candidates": "reconstructed",
            "most_candidates": "reconstructed",
            "margin": "reconstructed",
        },
    )

    def ended(self, embeddings_BD: Tensor) -> Tensor:
        """Embeddings (B, width), of length 1 with `normalise`."""
        return normalize(embeddings_BD, dim=1) if self.settings.normalise else embeddings_BD

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: the elastic ranking loss of each side that `probe` names, halved when it is both."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        identity_B = batch.voices.identity_B
        voices_BD = self.embed_voices(batch.voices.inputs)
        faces_BD = self.embed_faces(batch.faces.inputs)
        places_BK = rolled_places(len(identity_B), self._mismatches(len(identity_B))).to(identity_B.device)
        usable_BK = identity_B[places_BK] != identity_B[:, None]
        sides = {"voice": (voices_BD, faces_BD), "face": (faces_BD, voices_BD)}
        probes = list(sides) if self.settings.probe == "both" else [self.settings.probe]
        losses = {}
        for probe in probes:
            probes_BD, candidates_BD = sides[probe]
            loss_B = elastic_ranking(
                probes_BD, candidates_BD, candidates_BD[places_BK], usable_BK, margin=self.settings.margin
            )
            losses[f"elastic_{probe}"] = loss_B / len(probes)
        yield "all", Terms(losses)

    def _mismatches(self, items: int) -> int:
        """How many candidates besides the match this step has."""
        least, most = self.settings.least_candidates, self.settings.most_candidates
        candidates = int(torch.randint(least, most + 1, ()))
        return min(candidates, items) - 1
