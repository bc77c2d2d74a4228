"""The experiment a run belongs to: one per data set and trial lists, so that all in it may be compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vfal.core.config.params import Params
from vfal.core.paths import PREPARED
from vfal.tracking.provenance import output_digest

UNVERSIONED = "unversioned"  # the last part of the name where dvc.lock does not know the prepared data
DIGITS = 8  # of DVC's md5 in a name


@dataclass(frozen=True)
class Experiment:
    """A name, and what MLflow's page of the experiment says about it."""

    name: str
    note: str
    tags: Mapping[str, str] = field(default_factory=dict)


def experiment_of(params: Params, stages: Mapping[str, Any]) -> Experiment:
    """The experiment of the data that `stages` (dvc.lock) last prepared, as `params` describe it.

    `data/prepared` holds people, files with their hashes, splits and trial lists: numbers are comparable
    exactly where its md5 is the same. Named `<tracking.experiment>-<data set>-<train>-<val>-<test>-<md5>`.
    """
    counts, dataset = params.prepare.identities, params.collect.dataset
    digest = (output_digest(stages, "prepare", PREPARED) or "").removesuffix(".dir")
    people = f"{counts.train}-{counts.val}-{counts.test}"
    # No slashes: MLflow's page shows only what stands behind the last one.
    name = "-".join([params.tracking.experiment, dataset, people, digest[:DIGITS] or UNVERSIONED])
    protocols = ", ".join(params.evaluate.protocols)
    note = (
        f"Voices and faces of `{dataset}`: {counts.pretrain} people to pre-train on, "
        f"{counts.train} to train, {counts.val} to validate, {counts.test} to test. "
        f"Protocols: {protocols}.\n\n"
        "Every run here saw **the same people, files and trial lists** (DVC md5 of `data/prepared`: "
        f"`{digest or UNVERSIONED}`), so every metric of one name may be compared.\n\n"
        "* A `pipeline` run is one state of `dvc.yaml`; below it are its phases and evaluated models.\n"
        "* To compare models, tick `evaluate@...` runs and press *Compare*. A metric is named "
        "`protocol/direction/group/metric`.\n"
        "* The record on disk is the truth; this is its mirror (`vfal sync`)."
    )
    tags = {"vfal.dataset": dataset, "vfal.prepared_md5": digest, "vfal.protocols": protocols}
    return Experiment(name, note, tags)
