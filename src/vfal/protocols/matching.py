"""Matching: a voice is heard, which of N faces is it (and the reverse)."""

from typing import ClassVar

import numpy as np
import pandas as pd

from vfal.core.errors import DataError
from vfal.core.types import Direction, Group
from vfal.evaluation.evidence import MeanPerTrial
from vfal.evaluation.records import Finding
from vfal.metrics import Flags, Floats, Integers, matching_credits
from vfal.protocol import Bench, Measurement, Protocol, ProtocolCard


class Matching(Protocol):
    """Accuracy of 1:N matching for every size asked for, on the first N candidates of one list."""

    card: ClassVar = ProtocolCard(
        title="1:2 and 1:N matching",
        task="matching",
        source="SVHF (Nagrani 2018); Seeking the Shape of Sound, eval.py: three queries per probe item",
    )

    def measure(self, bench: Bench, direction: Direction, group: Group) -> Measurement:
        """One accuracy per gallery size; a trial counts where its group has enough people for the size."""
        table = bench.trials("matching", direction, group)
        if table.empty:
            return Measurement(notes=["no trials: nobody has another person in the same group"])
        columns = [name for name in table.columns if name.startswith("candidate_")]
        largest = max(bench.settings.matching_sizes)
        if largest > len(columns):
            raise DataError(
                f"evaluate.matching_sizes asks for 1:{largest}, the trial lists have {len(columns)} "
                "candidates. Raise prepare.trials.candidates or ask for less."
            )
        candidates_TK = table[columns[:largest]].to_numpy(dtype=np.int64, na_value=-1)
        trials = bench.rows(direction, table["probe"].to_numpy(dtype=np.int64), candidates_TK)
        filled_TK = trials.gallery_TK >= 0
        # An empty place is scored as the right candidate's twin and never read: see the sizes below.
        gallery_TK = np.where(filled_TK, trials.gallery_TK, trials.gallery_TK[:, :1])
        scores_TK = bench.prepared.candidates(direction, trials.probes_T, gallery_TK)
        found = _accuracies(
            bench.settings.matching_sizes, scores_TK, filled_TK, trials.people_T, trials.notes()
        )
        found.curves["identities"] = _by_identity(bench, scores_TK[:, :2], filled_TK[:, 1], trials.people_T)
        return found


def _accuracies(
    sizes: tuple[int, ...], scores_TK: Floats, filled_TK: Flags, people_T: Integers, notes: list[str]
) -> Measurement:
    credit, tied = matching_credits(scores_TK, "shared")
    found = Measurement(notes=notes)
    for size in sizes:
        rows = filled_TK[:, size - 1]
        if not rows.all():
            short = len(np.unique(people_T[~rows]))
            found.notes.append(
                f"1:{size}: {short} identities have fewer than {size - 1} others in their group"
            )
        if not rows.any():
            continue
        found.findings.append(
            Finding(
                protocol=f"matching_1_{size}",
                metric="accuracy",
                evidence=MeanPerTrial(credit[rows, size - 2], people_T[rows]),
                chance=1.0 / size,
                trials=int(rows.sum()),
                ties=int(tied[rows, size - 2].sum()),
                proportion=True,
            )
        )
    return found


def _by_identity(bench: Bench, scores_T2: Floats, rows: Flags, people_T: Integers) -> pd.DataFrame:
    """1:2 accuracy of each probe identity: identity, accuracy, trials; who has no such trial is left out."""
    credit, _ = matching_credits(scores_T2[rows], "shared")
    people, codes_T, trials = np.unique(people_T[rows], return_inverse=True, return_counts=True)
    accuracy = np.bincount(codes_T, weights=credit[:, 0], minlength=len(people)) / trials
    return pd.DataFrame(
        {"identity": bench.identities[people], "accuracy": accuracy, "trials": trials},
    )
