"""Retrieval: every voice orders all faces (and the reverse); the right ones should come first."""

from typing import ClassVar

import numpy as np

from vfal.core.types import GALLERY_OF, Direction, Group
from vfal.evaluation.findings import retrieval_findings
from vfal.evaluation.ranking import joined, rank
from vfal.protocol import Bench, Measurement, Protocol, ProtocolCard


class Retrieval(Protocol):
    """Mean average precision over probe items, and recall@k: is any right item among the first k.

    In a group, the gallery holds the people of the probe's cell only (all women for a woman's voice).
    """

    card: ClassVar = ProtocolCard(
        title="Retrieval",
        task="retrieval",
        source="Seeking the Shape of Sound, eval.py: all probe items against all gallery items",
    )

    def measure(self, bench: Bench, direction: Direction, group: Group) -> Measurement:
        """mAP and recall at each k of the settings."""
        probe_people, gallery_people = bench.probe_people(direction), bench.people[GALLERY_OF[direction]]
        probe_cell, gallery_cell = (bench.cells_of(p, group) for p in (probe_people, gallery_people))
        asks = np.isin(probe_people, gallery_people)
        rankings, people, alone = [], [], 0
        for cell in np.unique(probe_cell[probe_cell >= 0]):
            probes = np.flatnonzero((probe_cell == cell) & asks)
            gallery = np.flatnonzero(gallery_cell == cell)
            if len(np.unique(gallery_people[gallery])) < 2:
                alone += len(np.unique(probe_people[probes]))
                continue  # with nobody else in the gallery every order is right
            rankings.append(
                rank(
                    bench.prepared,
                    direction,
                    (probes, probe_people[probes]),
                    (gallery, gallery_people[gallery]),
                    block_scores=bench.settings.block_scores,
                )
            )
            people.append(probe_people[probes])
        notes = [f"{alone} identities are alone in their group and ask nothing"] if alone else []
        if not rankings:
            return Measurement(notes=[*notes, "no gallery with two people"])
        ranking, people_N = joined(rankings), np.concatenate(people)
        found = Measurement(notes=notes)
        for part, rows in bench.parts(people_N):
            found.findings += retrieval_findings(
                ranking.take(rows), people_N[rows], recall_at=bench.settings.recall_at, part=part
            )
        return found
