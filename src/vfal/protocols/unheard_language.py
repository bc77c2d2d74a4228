"""Unheard language: does a model know people who speak a language that it never heard."""

from typing import ClassVar

import numpy as np

from vfal.core.types import Direction, Group
from vfal.evaluation.evidence import Binned, Given, MeanOf, Separation
from vfal.evaluation.records import Finding
from vfal.metrics import Integers
from vfal.protocol import Bench, Measurement, Protocol, ProtocolCard


class UnheardLanguage(Protocol):
    """EER and AUC of verification by the language of the voice; `evaluate.heard_languages` were heard.

    A model trained on one of two languages gives two cells of MAV-Celeb's table; its challenge prints the
    mean of the four cells of two models (`vfal score` prints it for the challenge's lists).
    """

    card: ClassVar = ProtocolCard(
        title="Unheard language",
        task="verification",
        source="MAV-Celeb and the FAME challenge: equal error rate on heard and unheard languages",
    )

    def measure(self, bench: Bench, direction: Direction, group: Group) -> Measurement:
        """Per language: `unheard_language_<heard or unheard>_<language>`."""
        table = bench.trials("verification", direction, group)
        if "language" not in table:
            return Measurement(notes=["the corpus does not say which language its clips are in"])
        if table.empty:
            return Measurement(notes=["no trials: nobody has another person in the same group"])
        found = Measurement()
        cells: list[tuple[Separation, Integers]] = []
        for language, rows in table.dropna(subset="language").groupby("language", sort=True):
            gallery_T1 = rows[["candidate"]].to_numpy(dtype=np.int64)
            trials = bench.rows(direction, rows["probe"].to_numpy(dtype=np.int64), gallery_T1)
            same_T = rows["same"].to_numpy(dtype=bool)[trials.kept]
            found.notes += [f"{language}: {note}" for note in trials.notes()]
            if same_T.all() or not same_T.any():
                found.notes.append(f"{language}: trials of one kind only")
                continue
            scores_T = bench.prepared.pairs(direction, trials.probes_T, trials.gallery_TK[:, 0])
            binned = Binned(scores_T, same_T, trials.people_T, thresholds=bench.settings.interval_thresholds)
            heard = "heard" if language in bench.settings.heard_languages else "unheard"
            errors = Separation.eer(scores_T, same_T, binned)
            cells.append((errors, np.unique(trials.people_T)))
            for metric, evidence in (("eer", errors), ("auc", Separation.auc(scores_T, same_T, binned))):
                ties = int(np.isin(scores_T[same_T], scores_T[~same_T]).sum())
                name = f"unheard_language_{heard}_{language}"
                found.findings.append(
                    Finding(name, metric, evidence, 0.5, len(scores_T), ties, proportion=False)
                )
        if len(cells) > 1:
            found.findings.append(_mean(cells, len(table)))
        return found


def _mean(cells: list[tuple[Separation, Integers]], trials: int) -> Finding:
    """The mean over languages; with an interval where the same people speak all of them."""
    evidence = [errors for errors, _ in cells]
    together = all(np.array_equal(people, cells[0][1]) for _, people in cells)
    mean = MeanOf(evidence) if together else Given(float(np.mean([errors.value for errors in evidence])))
    return Finding("unheard_language", "eer", mean, 0.5, trials, 0, proportion=False)
