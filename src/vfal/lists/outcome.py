"""Embeddings on several lists: records with intervals, means over lists that belong together, a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vfal.core.workers import progress_bar
from vfal.evaluation.intervals import Difference, Resamples, paired_difference, percentile_interval
from vfal.evaluation.records import Record, record_of
from vfal.lists.asked import ScoreSettings
from vfal.lists.check import status_of
from vfal.lists.formats import read_list
from vfal.lists.people import People
from vfal.lists.scoring import score_list
from vfal.lists.trial_list import TrialList
from vfal.lists.vectors import Vectors
from vfal.metrics import Floats

OVERALL = "mean of FAME lists"


@dataclass
class Outcome:
    """One list's numbers: `records` by full metric name, `replicates` for paired comparisons."""

    name: str
    file: str
    format: str
    status: str
    records: dict[str, Record]
    replicates: dict[str, Floats]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """Everything but the replicates."""
        return {
            "file": self.file,
            "format": self.format,
            "status": self.status,
            "metrics": self.records,
            "notes": self.notes,
        }


def score_files(
    files: Iterable[Path],
    vectors: Vectors,
    people: People,
    settings: ScoreSettings,
    *,
    list_format: str = "auto",
    replicates: int = 1000,
    level: float = 0.95,
    seed: int = 1,
) -> list[Outcome]:
    """The outcome of every list of the files, in their order, and means over those that belong together."""
    resamples = Resamples(seed=seed, replicates=replicates)
    found: list[Outcome] = []
    with progress_bar() as bar:
        for file in bar.track(list(files), description="lists"):
            outcomes = []
            for one in read_list(file, people, list_format):
                outcomes.append(_outcome(one, vectors, people, settings, resamples, level))
            found += outcomes
            if len({outcome.name for outcome in outcomes}) > 1:  # retrieval groups of vfal-eva
                found.append(mean_of(outcomes, file.name.removesuffix(".gz"), level=level))
    fame = [outcome for outcome in found if outcome.format == "fame"]
    if len(fame) > 1:
        found.append(mean_of(fame, OVERALL, level=level))
    return _merged(found)


def _outcome(
    one: TrialList,
    vectors: Vectors,
    people: People,
    settings: ScoreSettings,
    resamples: Resamples,
    level: float,
) -> Outcome:
    scored = score_list(one, vectors, people, settings)
    records, columns = {}, {}
    for finding in scored.findings:
        name = finding.name(one.direction, one.group)
        records[name], replicates = record_of(finding, resamples, level=level)
        if replicates.size:
            columns[name] = replicates
    return Outcome(
        one.name, str(one.source), one.format, status_of(one.source), records, columns, scored.notes
    )


def _merged(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Both directions of one list as one outcome."""
    merged: dict[str, Outcome] = {}
    for outcome in outcomes:
        name = outcome.name
        while name in merged and (
            merged[name].file != outcome.file or merged[name].records.keys() & outcome.records.keys()
        ):
            name = outcome.file if name != outcome.file else f"{name} again"
        if name in merged:
            merged[name].records |= outcome.records
            merged[name].replicates |= outcome.replicates
            merged[name].notes += outcome.notes
        else:
            outcome.name, merged[name] = name, outcome
    return list(merged.values())


def mean_of(outcomes: Sequence[Outcome], name: str, *, level: float) -> Outcome:
    """The mean over lists of every metric that at least two of them have, drawn on the same resamples."""
    holders: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        for metric in outcome.records:
            holders.setdefault(metric, []).append(outcome)
    records, columns = {}, {}
    for metric, having in holders.items():
        if len(having) < 2:
            continue
        parts = [one.records[metric] for one in having]
        replicates = [one.replicates[metric] for one in having if metric in one.replicates]
        paired = len(replicates) == len(parts) and len({part["identities"] for part in parts}) == 1
        if paired:
            columns[metric] = np.mean(replicates, axis=0)
        low, high = (percentile_interval(columns[metric], level=level) if paired else None) or (None, None)
        records[metric] = Record(
            value=float(np.mean([part["value"] for part in parts])),
            low=low,
            high=high,
            binomial_low=None,
            binomial_high=None,
            chance=float(np.mean([part["chance"] for part in parts])),
            trials=sum(part["trials"] for part in parts),
            ties=sum(part["ties"] for part in parts),
            identities=parts[0]["identities"],
        )
    note = f"mean over {len(outcomes)} lists"
    return Outcome(name, outcomes[0].file, "mean", "", records, columns, [note])


def differences(
    first: Sequence[Outcome], second: Sequence[Outcome], *, level: float
) -> dict[str, dict[str, Difference]]:
    """Second minus first, by list and metric, paired on the same resamples of people.

    Numbers without replicates are left out. Raises `DataError` when trials were dropped for one only.
    """
    other = {outcome.name: outcome for outcome in second}
    return {
        one.name: {
            metric: paired_difference(
                (one.records[metric], replicates),
                (other[one.name].records[metric], other[one.name].replicates[metric]),
                level=level,
            )
            for metric, replicates in one.replicates.items()
        }
        for one in first
    }


def as_table(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """One row per number: list, metric and the record's fields."""
    rows: list[Mapping[str, Any]] = []
    for outcome in outcomes:
        rows += [{"list": outcome.name, "metric": name, **record} for name, record in outcome.records.items()]
    return pd.DataFrame(rows)
