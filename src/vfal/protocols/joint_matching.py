"""Joint matching: 1:2 matching with several clips of a voice and several pictures of each face."""

from typing import ClassVar

import numpy as np
import pandas as pd

from vfal.core.types import GALLERY_OF, PROBE_OF, Direction, Group, Modality
from vfal.evaluation.bags import Sizes, alike, as_items, means, pair_name, units
from vfal.evaluation.evidence import MeanPerTrial
from vfal.evaluation.records import Finding
from vfal.evaluation.scoring import Prepared
from vfal.metrics import Floats, matching_credits
from vfal.protocol import Bench, Measurement, Protocol, ProtocolCard


class JointMatching(Protocol):
    """Accuracy of 1:2 matching between means of m unit embeddings, for every m of the trial list.

    A pair of `evaluate.joint_pairs` takes as many voices and faces from the first draws of the trials
    whose m is the larger of the two.
    """

    card: ClassVar = ProtocolCard(
        title="Joint matching",
        task="joint_matching",
        source="TriNet (VFMR), joint matching: the mean of m embeddings stands for a person",
    )

    def measure(self, bench: Bench, direction: Direction, group: Group) -> Measurement:
        """One accuracy per m, named `joint_matching_m<m>`, and per pair, `joint_matching_v<m>_f<m>`."""
        table = bench.trials("joint_matching", direction, group)
        if table.empty:
            return Measurement(notes=["no trials: nobody has another person in the same group"])
        found = Measurement()
        vectors = {modality: units(items) for modality, items in bench.items.items()}
        for mean_of, rows in table.groupby("mean_of", sort=True):
            self._measure_mean(bench, direction, vectors, rows, alike(int(str(mean_of))), found)
        for voices, faces in bench.settings.joint_pairs:
            rows = table[table["mean_of"] == max(voices, faces)]
            if rows.empty:
                found.notes.append(
                    f"{voices} voices, {faces} faces: no trials with m = {max(voices, faces)}; add it to "
                    "prepare.trials.joint_means"
                )
            elif voices != faces:
                self._measure_mean(bench, direction, vectors, rows, {"voice": voices, "face": faces}, found)
        return found

    def _measure_mean(
        self,
        bench: Bench,
        direction: Direction,
        vectors: dict[Modality, Floats],
        table: pd.DataFrame,
        sizes: Sizes,
        found: Measurement,
    ) -> None:
        """Add one accuracy; the table holds a row per draw of a trial, with one item of each side."""
        mean_of, name = max(sizes.values()), pair_name(sizes)
        asking_of, asked_of = sizes[PROBE_OF[direction]], sizes[GALLERY_OF[direction]]
        table = table.sort_values(["trial", "draw"], kind="stable")
        candidates = table[["candidate_0", "candidate_1"]].to_numpy(dtype=np.int64)
        probes_TJ = bench.probes(direction).rows(table["probe"].to_numpy(dtype=np.int64)).reshape(-1, mean_of)
        probes_TJ = probes_TJ[:, :asking_of]
        candidates_TJ2 = bench.gallery(direction).rows(candidates).reshape(-1, mean_of, 2)[:, :asked_of]
        known = np.logical_and((probes_TJ >= 0).all(axis=1), (candidates_TJ2 >= 0).all(axis=(1, 2)))
        if not known.all():
            what = name.replace("m", "m=")
            found.notes.append(
                f"{what}: {(~known).sum()} of {len(known)} trials name an item without an embedding"
            )
        if not known.any():
            return
        probes_TJ, candidates_TJ2 = probes_TJ[known], candidates_TJ2[known]
        asking = means(vectors[PROBE_OF[direction]], probes_TJ)
        asked = means(vectors[GALLERY_OF[direction]], candidates_TJ2.transpose(0, 2, 1).reshape(-1, asked_of))
        sides = {PROBE_OF[direction]: asking, GALLERY_OF[direction]: asked}
        prepared = Prepared(bench.scorer, as_items(sides["voice"], "voice"), as_items(sides["face"], "face"))
        scores_T2 = prepared.candidates(
            direction, np.arange(len(asking)), np.arange(len(asked)).reshape(-1, 2)
        )
        credit, tied = matching_credits(scores_T2, "shared")
        people_T = bench.probe_people(direction)[probes_TJ[:, 0]]
        for part, rows in bench.parts(people_T):
            found.findings.append(
                Finding(
                    protocol=f"joint_matching_{name}",
                    metric="accuracy",
                    evidence=MeanPerTrial(credit[rows, 0], people_T[rows]),
                    chance=0.5,
                    trials=len(people_T[rows]),
                    ties=int(tied[rows].sum()),
                    proportion=True,
                    part=part,
                )
            )
