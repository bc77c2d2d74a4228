"""Matching: a voice is heard, which of N faces is it (and the reverse)."""

from typing import ClassVar

import numpy as np
import pandas as pd

from vfal.core.errors import DataError
from vfal.core.types import Direction, Group
from vfal.evaluation.findings import matching_findings
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
        found = Measurement(notes=trials.notes())
        for part, rows in bench.parts(trials.people_T):
            found.findings += matching_findings(
                scores_TK[rows],
                filled_TK[rows],
                trials.people_T[rows],
                sizes=bench.settings.matching_sizes,
                part=part,
            )
        for size in bench.settings.matching_sizes:
            short = trials.people_T[~filled_TK[:, size - 1]]
            if len(short):
                found.notes.append(
                    f"1:{size}: {len(np.unique(short))} identities have fewer than {size - 1} others "
                    "in their group"
                )
        found.curves["identities"] = _by_identity(bench, scores_TK[:, :2], filled_TK[:, 1], trials.people_T)
        return found


def _by_identity(bench: Bench, scores_T2: Floats, rows: Flags, people_T: Integers) -> pd.DataFrame:
    """1:2 accuracy of each probe identity: identity, accuracy, trials; who has no such trial is left out."""
    credit, _ = matching_credits(scores_T2[rows], "shared")
    people, codes_T, trials = np.unique(people_T[rows], return_inverse=True, return_counts=True)
    accuracy = np.bincount(codes_T, weights=credit[:, 0], minlength=len(people)) / trials
    return pd.DataFrame(
        {"identity": bench.identities[people], "accuracy": accuracy, "trials": trials},
    )
