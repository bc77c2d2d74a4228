"""Anybody's embeddings on any list: the findings of one list."""

import numpy as np

from vfal.core.errors import DataError
from vfal.evaluation.evidence import Given
from vfal.evaluation.findings import matching_findings, retrieval_findings, verification_findings
from vfal.evaluation.ranking import rank
from vfal.evaluation.records import Finding
from vfal.evaluation.replication import fop_evaluation, replicated_eer, tallied_average_precision
from vfal.lists.approximate import approximate_findings
from vfal.lists.asked import Asked, Scored, ScoreSettings
from vfal.lists.people import People
from vfal.lists.replicas import Replica, parity, tie_rule
from vfal.lists.trial_list import TrialList
from vfal.lists.vectors import Vectors
from vfal.metrics import Flags, Floats


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


def _matching(asked: Asked, found: Scored) -> None:
    one = asked.list
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
    people_T, candidates, replica = asked.person_T[kept], gallery_TK.shape[1], asked.settings.replica
    for part, rows in asked.parts(probes_T):
        found.findings += matching_findings(
            scores_TK[rows],
            np.ones_like(scores_TK[rows], dtype=bool),
            people_T[rows],
            sizes=tuple(range(2, candidates + 1)),
            ties=tie_rule(replica, candidates),
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
            f"{one.source}: {same_T.sum()} trials of one person and {(~same_T).sum()} of two; both are "
            "needed."
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
            f"{one.source}: voices are named by id, faces by name. Give the table that joins them: --meta "
            "vox1_meta.csv."
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
