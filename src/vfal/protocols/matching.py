"""Matching: a voice is heard, which of N faces is it (and the reverse)."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import pandas as pd

from vfal.core.errors import DataError
from vfal.core.types import Direction, Group
from vfal.evaluation.findings import matching_findings
from vfal.evaluation.scoring import Prepared
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
        sizes = bench.settings.matching_sizes
        columns = [name for name in table.columns if name.startswith("candidate_")]
        largest = max(sizes)
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
        scores = _asked(bench.prepared, direction, trials.probes_T, gallery_TK, sizes=sizes)
        found = Measurement(notes=trials.notes())
        for part, rows in bench.parts(trials.people_T):
            for size in sizes:
                found.findings += matching_findings(
                    scores[size][rows],
                    filled_TK[rows, :size],
                    trials.people_T[rows],
                    sizes=(size,),
                    part=part,
                )
        for size in sizes:
            short = trials.people_T[~filled_TK[:, size - 1]]
            if len(short):
                found.notes.append(
                    f"1:{size}: {len(np.unique(short))} identities have fewer than {size - 1} others "
                    "in their group"
                )
        found.curves["identities"] = _by_identity(bench, scores[2], filled_TK[:, 1], trials.people_T)
        return found


def _asked(
    prepared: Prepared,
    direction: Direction,
    probes_T: Integers,
    gallery_TK: Integers,
    *,
    sizes: Iterable[int],
) -> dict[int, Floats]:
    """Scores (T, N) of the first N candidates, for 2 and every N of `sizes`.

    Candidates that are compared with each other are asked for every N anew.
    """
    if prepared.scorer.compares:
        return {size: prepared.candidates(direction, probes_T, gallery_TK[:, :size]) for size in {2, *sizes}}
    scores_TK = prepared.candidates(direction, probes_T, gallery_TK)
    return {size: scores_TK[:, :size] for size in {2, *sizes}}


def _by_identity(bench: Bench, scores_T2: Floats, rows: Flags, people_T: Integers) -> pd.DataFrame:
    """1:2 accuracy of each probe identity: identity, accuracy, trials; who has no such trial is left out."""
    credit, _ = matching_credits(scores_T2[rows], "shared")
    people, codes_T, trials = np.unique(people_T[rows], return_inverse=True, return_counts=True)
    accuracy = np.bincount(codes_T, weights=credit[:, 0], minlength=len(people)) / trials
    return pd.DataFrame(
        {"identity": bench.identities[people], "accuracy": accuracy, "trials": trials},
    )
