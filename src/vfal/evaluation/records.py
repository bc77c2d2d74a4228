"""One number with what is needed to judge it."""

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from vfal.evaluation.evidence import Evidence
from vfal.evaluation.intervals import Resamples, binomial_interval, percentile_interval
from vfal.metrics import Floats


class Record(TypedDict):
    """A metric's value, intervals, chance level and size, ready for json.

    `low` and `high` come from resampling probe identities; None without replicates or with fewer than
    two identities. The binomial ones are None unless the value is a proportion. `ties` counts trials
    (or probes, in retrieval) in which a right and a wrong answer have the same score.
    """

    value: float
    low: float | None
    high: float | None
    binomial_low: float | None
    binomial_high: float | None
    chance: float
    trials: int
    ties: int
    identities: int


@dataclass(frozen=True)
class Finding:
    """A metric before its interval is drawn. `protocol` is the first word of its full name.

    `part` says which probes it is about (`gender=f`), where it is not about all of the group.
    """

    protocol: str
    metric: str
    evidence: Evidence
    chance: float
    trials: int
    ties: int
    proportion: bool
    part: str = ""

    def name(self, direction: str, group: str) -> str:
        """The full name: `protocol/direction/group/metric`; a part stands behind its group and a colon."""
        return f"{self.protocol}/{direction}/{group}{f':{self.part}' if self.part else ''}/{self.metric}"


def record_of(finding: Finding, resamples: Resamples, *, level: float) -> tuple[Record, Floats]:
    """The record of a finding, and its replicates (R,), which are empty where there is no interval."""
    evidence = finding.evidence
    replicates = np.empty(0)
    if resamples.replicates and evidence.identities > 1:
        replicates = evidence.replicates(resamples.weights_RI(evidence.identities))
    interval = percentile_interval(replicates, level=level) or (None, None)
    binomial: tuple[float | None, float | None] = (None, None)
    if finding.proportion:
        binomial = binomial_interval(evidence.value, finding.trials, level=level)
    record = Record(
        value=evidence.value,
        low=interval[0],
        high=interval[1],
        binomial_low=binomial[0],
        binomial_high=binomial[1],
        chance=finding.chance,
        trials=finding.trials,
        ties=finding.ties,
        identities=evidence.identities,
    )
    return record, replicates
