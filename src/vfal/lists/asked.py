"""A list with its items' vectors, ready to be scored, and what is to be measured."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from vfal.core.errors import EmbeddingError
from vfal.core.types import MODALITIES, Attribute, Modality
from vfal.evaluation.embeddings import Items
from vfal.evaluation.groups import UNKNOWN
from vfal.evaluation.guards import check_spread
from vfal.evaluation.records import Finding
from vfal.evaluation.scoring import Cosine, Prepared, Scorer
from vfal.lists.people import People
from vfal.lists.replicas import Replica, ReplicaScorer
from vfal.lists.trial_list import TrialList
from vfal.lists.vectors import Vectors
from vfal.metrics import Flags, Integers


@dataclass(frozen=True)
class ScoreSettings:
    """What is measured, and how.

    `drop_missing` leaves out trials whose items have no vector, counted in a note; else they are an
    error. `approximate` retrieves by faiss (recall@k alone). `scorer` replaces the cosine (a GPU's, say),
    `replica` the rules of the report.
    """

    recall_at: tuple[int, ...] = (1, 5, 10)
    target_ratio: float = 0.05
    thresholds: int = 1000
    block_scores: int = 4_000_000
    breakdown: tuple[Attribute, ...] = ()
    drop_missing: bool = False
    replica: Replica | None = None
    scorer: Scorer | None = None
    approximate: bool = False


@dataclass
class Scored:
    """Findings and sentences about one list."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Asked:
    """A list with its items' vectors, ready to be scored."""

    def __init__(
        self, one: TrialList, vectors: Vectors, people: People, settings: ScoreSettings, found: Scored
    ) -> None:
        self.list, self.people, self.settings = one, people, settings
        codes = one.persons(people)
        if codes is None:
            found.notes.append("paths do not tell persons: intervals resample probe items instead of people")
        self.persons = codes
        self.person_T = (codes[0] if codes else np.arange(len(one.probes)))[one.probes_T]
        rows = {
            modality: vectors.rows(one.items[modality].table["key"].to_numpy()) for modality in MODALITIES
        }
        self.missing = {modality: rows[modality] < 0 for modality in MODALITIES}
        self._refuse_missing(vectors)
        scorer = settings.scorer or (ReplicaScorer(settings.replica) if settings.replica else Cosine())
        self.items = {modality: self._items(modality, rows, vectors) for modality in MODALITIES}
        self.prepared = Prepared(scorer, self.items["voice"], self.items["face"])

    def _items(self, modality: Modality, rows: dict[Modality, Integers], vectors: Vectors) -> Items:
        table = self.list.items[modality].table
        vectors_ND = np.asarray(vectors.vectors_ND[np.maximum(rows[modality], 0)])
        check_spread(vectors_ND, modality)
        return Items(modality, np.arange(len(table)), table["person"].to_numpy(), vectors_ND)

    def _refuse_missing(self, vectors: Vectors) -> None:
        for modality, lacking in self.missing.items():
            if lacking.any() and (lacking.all() or not self.settings.drop_missing):
                worst = self.list.items[modality].table[lacking].iloc[0]
                raise EmbeddingError(
                    f"{self.list.source}, row {worst['row']}: {worst['path']!r} has no vector in "
                    f"{vectors.source} (looked for as {worst['key']!r}; there, for instance, "
                    f"{vectors.keys[0]!r}); {int(lacking.sum())} of {len(lacking)} {modality} items of "
                    "the list have none. --missing drop leaves their trials out."
                )

    def kept(self, found: Scored) -> Flags:
        """Which trials have all their vectors; the others are counted in a note."""
        lacking_T = self.missing[self.list.probes.modality][self.list.probes_T]
        lacking_T = lacking_T | self.missing[self.list.gallery.modality][self.list.gallery_TK].any(axis=1)
        if lacking_T.any():
            found.notes.append(
                f"{int(lacking_T.sum())} of {len(lacking_T)} trials name an item without a vector and are "
                "left out"
            )
        return np.asarray(~lacking_T)

    def parts(self, probes_T: Integers) -> Iterator[tuple[str, slice | Integers]]:
        """All trials, under an empty name; then those of probe people alike, as `gender=f`."""
        yield "", slice(None)
        for column in self.settings.breakdown:
            value_N = self.people.of(self.list.probes.table["person"], column).to_numpy(dtype=object)
            for value in sorted(set(value_N[probes_T]) - {"", UNKNOWN[column]}):
                yield f"{column}={value.replace('/', '-')}", np.flatnonzero(value_N[probes_T] == value)
