"""Anybody's embeddings on any list: the findings of one list."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from vfal.core.errors import DataError, EmbeddingError
from vfal.core.types import MODALITIES, Attribute, Modality
from vfal.evaluation.embeddings import Items
from vfal.evaluation.evidence import Given
from vfal.evaluation.findings import matching_findings, retrieval_findings, verification_findings
from vfal.evaluation.groups import UNKNOWN
from vfal.evaluation.guards import check_spread
from vfal.evaluation.ranking import rank
from vfal.evaluation.records import Finding
from vfal.evaluation.replication import fop_evaluation, replicated_eer, tallied_average_precision
from vfal.evaluation.scoring import Cosine, Prepared, Scorer
from vfal.lists.approximate import approximate_findings
from vfal.lists.people import People
from vfal.lists.replicas import Replica, ReplicaScorer, parity, tie_rule
from vfal.lists.trial_list import TrialList
from vfal.lists.vectors import Vectors
from vfal.metrics import Flags, Floats, Integers


@dataclass(frozen=True)
class ScoreSettings:
    """What is measured, and how.

    `drop_missing` leaves out trials whose items have no vector, counted in a note; else they are an
    error. `approximate` retrieves by faiss (recall@k alone). `scorer` replaces the cosine (a GPU's, say); `replica` the rules of the report.
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


def score_list(one: TrialList, vectors: Vectors, people: People, settings: ScoreSettings) -> Scored:
    """Findings of a list.

    Raises `DataError` for a list whose labels contradict its paths, and `EmbeddingError` for items
    without a vector (unless they may be dropped) and for embeddings that must not be scored.
    """
    found = Scored()
    asked = Asked(one, vectors, people, settings, found)
    measure = {"matching": _matching, "verification": _verification, "retrieval": _retrieval}[one.protocol]
    measure(asked, found)
    return found


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
                near = next((key for key in vectors.keys[:1]), "")
                raise EmbeddingError(
                    f"{self.list.source}, row {worst['row']}: {worst['path']!r} has no vector in {vectors.source} (looked "
                    f"for as {worst['key']!r}; there, for instance, {near!r}); {int(lacking.sum())} of {len(lacking)} "
                    f"{modality} items of the list have none. --missing drop leaves their trials out."
                )

    def kept(self, found: Scored) -> Flags:
        """Which trials have all their vectors; the others are counted in a note."""
        lacking_T = self.missing[self.list.probes.modality][self.list.probes_T]
        lacking_T = lacking_T | self.missing[self.list.gallery.modality][self.list.gallery_TK].any(axis=1)
        if lacking_T.any():
            found.notes.append(
                f"{int(lacking_T.sum())} of {len(lacking_T)} trials name an item without a vector and are left out"
            )
        return np.asarray(~lacking_T)

    def parts(self, probes_T: Integers) -> Iterator[tuple[str, slice | Integers]]:
        """All trials, under an empty name; then those of probe people alike, as `gender=f`."""
        yield "", slice(None)
        for column in self.settings.breakdown:
            value_N = self.people.of(self.list.probes.table["person"], column).to_numpy(dtype=object)
            for value in sorted(set(value_N[probes_T]) - {"", UNKNOWN[column]}):
                yield f"{column}={value.replace('/', '-')}", np.flatnonzero(value_N[probes_T] == value)


def _matching(asked: Asked, found: Scored) -> None:
    one, replica = asked.list, asked.settings.replica
    if asked.persons is not None:
        right_T = asked.persons[1][one.gallery_TK[:, 0]] == asked.persons[0][one.probes_T]
        wrong_T = (asked.persons[1][one.gallery_TK[:, 1:]] == asked.persons[0][one.probes_T][:, None]).any(
            axis=1
        )
        _refuse_contradiction(
            one,
            ~right_T | wrong_T,
            "the candidate marked right is of another person, or a wrong one of the same",
        )
    kept = asked.kept(found)
    probes_T, gallery_TK = one.probes_T[kept], one.gallery_TK[kept]
    scores_TK = asked.prepared.candidates(one.direction, probes_T, gallery_TK)
    people_T = asked.person_T[kept]
    for part, rows in asked.parts(probes_T):
        for size in range(2, gallery_TK.shape[1] + 1):
            found.findings += matching_findings(
                scores_TK[rows],
                np.ones_like(scores_TK[rows], dtype=bool),
                people_T[rows],
                sizes=(size,),
                ties=tie_rule(replica, size),
                part=part,
            )


def _verification(asked: Asked, found: Scored) -> None:
    one, settings = asked.list, asked.settings
    if one.format == "fame" and one.same_T is None:
        raise DataError(
            f"{one.source}: the list has no truth; it can be answered (vfal submit-fame), not scored."
        )
    same_T = one.labels(asked.people)
    if one.same_T is not None and asked.persons is not None:
        equal_T = asked.persons[0][one.probes_T] == asked.persons[1][one.gallery_TK[:, 0]]
        _refuse_contradiction(one, same_T != equal_T, "the label contradicts the persons of its paths")
    kept = asked.kept(found)
    same_T, probes_T = same_T[kept], one.probes_T[kept]
    if same_T.all() or not same_T.any():
        raise DataError(
            f"{one.source}: {same_T.sum()} trials of one person and {(~same_T).sum()} of two; both are needed."
        )
    scores_T = asked.prepared.pairs(one.direction, probes_T, one.gallery_TK[kept, 0])
    people_T = asked.person_T[kept]
    for part, rows in asked.parts(probes_T):
        if same_T[rows].any() and (~same_T[rows]).any():
            found.findings += verification_findings(
                scores_T[rows],
                same_T[rows],
                people_T[rows],
                thresholds=settings.thresholds,
                target_ratio=settings.target_ratio,
                part=part,
            )
    if settings.replica:
        found.findings += _published(settings.replica, scores_T, same_T)


def _published(replica: Replica, scores_T: Floats, same_T: Flags) -> list[Finding]:
    """What the repository prints of a verification list besides the AUC."""
    values = {("verification", f"eer_{rule}"): replicated_eer(scores_T, same_T, rule) for rule in replica.eer}
    if replica.fop_grid:
        for labels, flags_T in (("list", same_T), ("parity", parity(len(same_T)))):
            grid = fop_evaluation(-scores_T, flags_T)
            name = f"verification_fop_{labels}_labels"
            values[name, "auc"] = grid["auc"]
            values[name, "eer_fop"], values[name, "eer_sbnet"] = grid["eer_fop"], grid["eer_sbnet"]
            values[name, "accuracy"] = float(grid["accuracy"].mean())
    return [
        Finding(protocol, metric, Given(value), 0.5, len(scores_T), 0, proportion=False)
        for (protocol, metric), value in values.items()
    ]


def _retrieval(asked: Asked, found: Scored) -> None:
    one, replica = asked.list, asked.settings.replica
    if asked.persons is None:
        raise DataError(
            f"{one.source}: voices are named by id, faces by name. Give the table that joins them: --meta vox1_meta.csv."
        )
    probes_N = one.probes_T[~asked.missing[one.probes.modality][one.probes_T]]
    gallery_M = one.gallery_TK[0][~asked.missing[one.gallery.modality][one.gallery_TK[0]]]
    if (left := len(one.probes_T) - len(probes_N) + one.gallery_TK.shape[1] - len(gallery_M)) > 0:
        found.notes.append(f"{left} items without a vector are left out")
    people_N, people_M = asked.persons[0][probes_N], asked.persons[1][gallery_M]
    answerable = np.isin(people_N, people_M)
    if not answerable.all():
        found.notes.append(
            f"{int((~answerable).sum())} probes have no right item in the gallery and are left out"
        )
        probes_N, people_N = probes_N[answerable], people_N[answerable]
    if asked.settings.approximate:
        found.notes.append(
            "approximate search: recall@k is a lower bound; search_recall says how much was found"
        )
        sides = (
            (asked.items[one.probes.modality], probes_N, people_N),
            (asked.items[one.gallery.modality], gallery_M, people_M),
        )
        (probes_ND, people_N), (gallery_MD, people_M) = (
            (items.vectors_ND[rows], who) for items, rows, who in sides
        )
        found.findings += approximate_findings(
            probes_ND, people_N, gallery_MD, people_M, recall_at=asked.settings.recall_at
        )
        return
    ranking = rank(
        asked.prepared,
        one.direction,
        (probes_N, people_N),
        (gallery_M, people_M),
        block_scores=asked.settings.block_scores,
        precision_of=(lambda tally: tallied_average_precision(tally, replica.ap)) if replica else None,
    )
    for part, rows in asked.parts(probes_N):
        found.findings += retrieval_findings(
            ranking.take(rows), people_N[rows], recall_at=asked.settings.recall_at, part=part
        )


def _refuse_contradiction(one: TrialList, wrong_T: Flags, what: str) -> None:
    if wrong_T.any():
        trial = int(np.flatnonzero(wrong_T)[0])
        paths = [one.probes.table["path"].iloc[one.probes_T[trial]]]
        paths += one.gallery.table["path"].iloc[one.gallery_TK[trial]].tolist()
        raise DataError(
            f"{one.source}, row {one.rows_T[trial]}: {what} ({', '.join(paths)}); {int(wrong_T.sum())} of "
            f"{len(wrong_T)} rows are like it."
        )
