"""Joint matching: 1:2 matching with several clips of a voice and several pictures of each face."""

from typing import ClassVar

import numpy as np
import pandas as pd

from vfal.core.types import GALLERY_OF, PROBE_OF, Direction, Group
from vfal.evaluation.embeddings import Items
from vfal.evaluation.evidence import MeanPerTrial
from vfal.evaluation.guards import check_directions
from vfal.evaluation.records import Finding
from vfal.evaluation.scoring import Prepared
from vfal.metrics import Floats, Integers, matching_credits
from vfal.protocol import Bench, Measurement, Protocol, ProtocolCard


class JointMatching(Protocol):
    """Accuracy of 1:2 matching between means of m unit embeddings, for every m of the trial list."""

    card: ClassVar = ProtocolCard(
        title="Joint matching",
        task="joint_matching",
        source="TriNet (VFMR), joint matching: the mean of m embeddings stands for a person",
    )

    def measure(self, bench: Bench, direction: Direction, group: Group) -> Measurement:
        """One accuracy per m, named `joint_matching_m<m>`."""
        table = bench.trials("joint_matching", direction, group)
        if table.empty:
            return Measurement(notes=["no trials: nobody has another person in the same group"])
        found = Measurement()
        units = {modality: _units(items) for modality, items in bench.items.items()}
        for mean_of, rows in table.groupby("mean_of", sort=True):
            self._measure_mean(bench, direction, units, rows, int(str(mean_of)), found)
        return found

    def _measure_mean(
        self,
        bench: Bench,
        direction: Direction,
        units: dict[str, Floats],
        table: pd.DataFrame,
        mean_of: int,
        found: Measurement,
    ) -> None:
        """Add the accuracy of one m; the table holds m rows per trial, one item of each side per row."""
        table = table.sort_values(["trial", "draw"], kind="stable")
        candidates = table[["candidate_0", "candidate_1"]].to_numpy(dtype=np.int64)
        probes_TJ = bench.probes(direction).rows(table["probe"].to_numpy(dtype=np.int64)).reshape(-1, mean_of)
        candidates_TJ2 = bench.gallery(direction).rows(candidates).reshape(-1, mean_of, 2)
        known = np.logical_and((probes_TJ >= 0).all(axis=1), (candidates_TJ2 >= 0).all(axis=(1, 2)))
        if not known.all():
            found.notes.append(
                f"m={mean_of}: {(~known).sum()} of {len(known)} trials name an item without an embedding"
            )
        if not known.any():
            return
        probes_TJ, candidates_TJ2 = probes_TJ[known], candidates_TJ2[known]
        asking = _means(units[PROBE_OF[direction]], probes_TJ)
        asked = _means(units[GALLERY_OF[direction]], candidates_TJ2.transpose(0, 2, 1).reshape(-1, mean_of))
        sides = {PROBE_OF[direction]: asking, GALLERY_OF[direction]: asked}
        prepared = Prepared(bench.scorer, _items(sides["voice"], "voice"), _items(sides["face"], "face"))
        scores_T2 = prepared.candidates(
            direction, np.arange(len(asking)), np.arange(len(asked)).reshape(-1, 2)
        )
        credit, tied = matching_credits(scores_T2, "shared")
        found.findings.append(
            Finding(
                protocol=f"joint_matching_m{mean_of}",
                metric="accuracy",
                evidence=MeanPerTrial(credit[:, 0], bench.probe_people(direction)[probes_TJ[:, 0]]),
                chance=0.5,
                trials=len(asking),
                ties=int(tied.sum()),
                proportion=True,
            )
        )


def _units(items: Items) -> Floats:
    vectors_ND = items.vectors_ND.astype(np.float64)
    norms_N = np.linalg.norm(vectors_ND, axis=1)
    check_directions(norms_N, items.numbers_N, items.modality)
    return np.asarray(vectors_ND / norms_N[:, None])


def _means(units_ND: Floats, rows_TJ: Integers) -> Floats:
    """Means (T, D), item by item so that no (T, m, D) array is held."""
    total_TD = np.zeros((len(rows_TJ), units_ND.shape[1]))
    for rows_T in rows_TJ.T:
        total_TD += units_ND[rows_T]
    return np.asarray(total_TD / rows_TJ.shape[1])


def _items(vectors_ND: Floats, modality: str) -> Items:
    numbers = np.arange(len(vectors_ND))
    return Items("voice" if modality == "voice" else "face", numbers, numbers.astype(object), vectors_ND)
