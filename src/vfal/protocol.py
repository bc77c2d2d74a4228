"""The contract of a protocol: questions put to a model's embeddings, and numbers made of the answers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.config.protocols import EvaluateSettings
from vfal.core.errors import DataError
from vfal.core.types import DIRECTIONS, GALLERY_OF, PROBE_OF, Direction, Group, Split
from vfal.core.workers import progress_bar
from vfal.evaluation.embeddings import Embeddings, Items
from vfal.evaluation.groups import Codes, cells
from vfal.evaluation.intervals import Resamples
from vfal.evaluation.records import Finding, Record, record_of
from vfal.evaluation.scoring import Prepared, Scorer
from vfal.metrics import Integers


@dataclass(frozen=True)
class ProtocolCard:
    """What a protocol asks, where it comes from, and the task a method must be able to do for it."""

    title: str
    task: str
    source: str


class Bench:
    """The people, items and trials of one split, with everything needed to score them."""

    def __init__(
        self,
        embeddings: Embeddings,
        identities: pd.DataFrame,
        trials: Mapping[str, pd.DataFrame],
        settings: EvaluateSettings,
        *,
        split: Split,
        scorer: Scorer,
    ) -> None:
        """`identities` has columns identity, gender, nationality, split; `trials` come from `make_trials`."""
        people = identities[identities["split"] == split].reset_index(drop=True)
        self.settings, self.split, self.scorer = settings, split, scorer
        self._trials = trials
        self._cells: dict[Group, Codes] = {group: cells(people, group) for group in settings.groups}
        self.identities = names = pd.Index(people["identity"].to_numpy(dtype=object))
        self.items: dict[str, Items] = {}
        self.people: dict[str, Integers] = {}
        for items in (embeddings.voices, embeddings.faces):
            codes = names.get_indexer(items.identities_N).astype(np.int64)
            if not (codes >= 0).any():
                raise DataError(
                    f"evaluation of split {split}: none of the {len(codes)} embedded {items.modality} items "
                    f"belongs to one of its {len(people)} identities. Embed that split's items."
                )
            self.items[items.modality] = items.take(np.flatnonzero(codes >= 0))
            self.people[items.modality] = codes[codes >= 0]
        self.prepared = Prepared(scorer, self.items["voice"], self.items["face"])

    def probes(self, direction: Direction) -> Items:
        """The items that ask."""
        return self.items[PROBE_OF[direction]]

    def gallery(self, direction: Direction) -> Items:
        """The items that are asked for."""
        return self.items[GALLERY_OF[direction]]

    def probe_people(self, direction: Direction) -> Integers:
        """Whose the probes are, as rows of the split's identities."""
        return self.people[PROBE_OF[direction]]

    def cells_of(self, people: Integers, group: Group) -> Codes:
        """The cell of each person given by row: 0, 1, ...; -1 for those who are in none."""
        return self._cells[group][people]

    def trials(self, name: str, direction: Direction, group: Group) -> pd.DataFrame:
        """The rows of a trial table for this split, direction and group."""
        if name not in self._trials:
            raise DataError(f"trial table '{name}' is missing; found {', '.join(self._trials) or 'none'}.")
        table = self._trials[name]
        chosen = (table["split"] == self.split) & (table["direction"] == direction)
        return table[chosen & (table["group"] == group)]

    def rows(
        self, direction: Direction, probes: NDArray[np.int64], gallery: NDArray[np.int64]
    ) -> "TrialRows":
        """Trials of item numbers, as rows of the embedded items; probes (T,), gallery (T, K).

        A negative gallery number is a place left empty. A trial that names an item without an embedding
        (quarantined, say) is left out and counted in `dropped`.
        """
        probes_T, gallery_TK = self.probes(direction).rows(probes), self.gallery(direction).rows(gallery)
        known_T = (probes_T >= 0) & ((gallery_TK >= 0) | (gallery < 0)).all(axis=1)
        people_T = self.probe_people(direction)[probes_T[known_T]]
        return TrialRows(probes_T[known_T], gallery_TK[known_T], people_T, known_T)


@dataclass(frozen=True)
class TrialRows:
    """Trials as rows of embedded items: probes (T,), gallery (T, K; -1 empty), probes' people (T,)."""

    probes_T: Integers
    gallery_TK: Integers
    people_T: Integers
    kept: NDArray[np.bool_]

    @property
    def dropped(self) -> int:
        """Trials left out because an item has no embedding."""
        return int(np.count_nonzero(~self.kept))

    def notes(self) -> list[str]:
        """One sentence when trials were left out."""
        if not self.dropped:
            return []
        return [
            f"{self.dropped} of {len(self.kept)} trials name an item without an embedding and are left out"
        ]


@dataclass
class Measurement:
    """What a protocol found in one direction and group."""

    findings: list[Finding] = field(default_factory=list)
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Protocol(ABC):
    """One published way to measure how well voices and faces are associated."""

    card: ClassVar[ProtocolCard]

    @abstractmethod
    def measure(self, bench: Bench, direction: Direction, group: Group) -> Measurement:
        """Numbers for one direction and group; what cannot be formed is a note, never a number."""


@dataclass(frozen=True)
class Evaluation:
    """The outcome of `evaluate`.

    `records`: full metric name (`protocol/direction/group/metric`) to record. `replicates`: one column
    per metric, one row per bootstrap replicate, for paired differences between models. `curves`: tables
    for plots, by name, with columns direction and group in front. `notes`: what could not be formed.
    """

    records: dict[str, Record]
    replicates: pd.DataFrame
    curves: dict[str, pd.DataFrame]
    notes: list[str]

    def table(self) -> pd.DataFrame:
        """One row per metric: protocol, direction, group, metric and the record's fields."""
        parts = [name.split("/") for name in self.records]
        names = pd.DataFrame(parts, columns=["protocol", "direction", "group", "metric"])
        return pd.concat([names, pd.DataFrame(list(self.records.values()))], axis=1)


def evaluate(
    protocols: Mapping[str, Protocol],
    embeddings: Embeddings,
    identities: pd.DataFrame,
    trials: Mapping[str, pd.DataFrame],
    settings: EvaluateSettings,
    *,
    split: Split,
    seed: int,
    scorer: Scorer,
) -> Evaluation:
    """Every protocol in both directions and all groups of `settings`, with intervals drawn by `seed`.

    Raises `EmbeddingError` for embeddings or scores that must not be measured and `DataError` when
    trials and embeddings do not belong together.
    """
    bench = Bench(embeddings, identities, trials, settings, split=split, scorer=scorer)
    resamples = Resamples(seed=seed, replicates=settings.bootstrap_replicates)
    records: dict[str, Record] = {}
    columns: dict[str, NDArray[np.float64]] = {}
    curves: dict[str, list[pd.DataFrame]] = {}
    notes: list[str] = []
    questions = [(n, d, g) for n in protocols for d in DIRECTIONS for g in settings.groups]
    with progress_bar() as bar:
        for name, direction, group in bar.track(questions, description="evaluate"):
            found = protocols[name].measure(bench, direction, group)
            for finding in found.findings:
                full = f"{finding.protocol}/{direction}/{group}/{finding.metric}"
                records[full], replicates = record_of(finding, resamples, level=settings.level)
                if replicates.size:
                    columns[full] = replicates
            for curve, table in found.curves.items():
                table.insert(0, "direction", direction)
                table.insert(1, "group", group)
                curves.setdefault(curve, []).append(table)
            notes += [f"{name}/{direction}/{group}: {note}" for note in found.notes]
    return Evaluation(
        records,
        pd.DataFrame(columns),
        {curve: pd.concat(tables, ignore_index=True) for curve, tables in curves.items()},
        notes,
    )
