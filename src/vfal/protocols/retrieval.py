"""Retrieval: every voice orders all faces (and the reverse); the right ones should come first."""

from typing import ClassVar

from vfal.core.types import GALLERY_OF, Direction, Group
from vfal.protocol import Bench, Measurement, Protocol, ProtocolCard, retrieve


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
        people = bench.probe_people(direction), bench.people[GALLERY_OF[direction]]
        return retrieve(bench, bench.prepared, people, direction, group, name="retrieval")
