"""A tuning study in MLflow: one run of the study, and one nested below it for every finished trial."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vfal.core.config.params import Params
from vfal.core.errors import BusyError
from vfal.core.files import read_json
from vfal.core.paths import STUDIES
from vfal.core.state import only_one
from vfal.core.switches import switch_off
from vfal.tracking.address import resolve, why_silent
from vfal.tracking.experiment import experiment_of
from vfal.tracking.patience import patience, quiet, towards
from vfal.tracking.provenance import read_lock

if TYPE_CHECKING:
    from mlflow import MlflowClient

FINGERPRINT = "vfal.fingerprint"
FINISHED = ("complete", "pruned", "infeasible")
VALUE, REPORT = "tune/validation_accuracy", "tune/report"


def mirror_studies(params: Params) -> list[str]:
    """`mirror_study` for every study that left a record."""
    return [mirror_study(params, path.parent) for path in sorted(STUDIES.glob("*/study.json"))]


def mirror_study(params: Params, folder: Path) -> str:
    """Make MLflow hold the study whose record lies in `folder`; a sentence that says what was done.

    Doing it twice adds nothing. An MLflow that is silent or refuses is a sentence too, in seconds.
    """
    switch_off()
    address = resolve(params.tracking.uri, Path.cwd())
    if reason := why_silent(address):
        return _note(address.shown, reason)
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    from vfal.tracking.store import Store

    try:
        with only_one("sync", "vfal sync"), patience(towards(address.uri)), quiet():
            store = Store(address, experiment_of(params, read_lock()), {})
            mirror = _Mirror(store.client, store.experiment_id)
            added = mirror.mirror(read_json(folder / "study.json"), folder)
    except BusyError as error:
        return f"MLflow was not updated. {error}"
    except (MlflowException, SQLAlchemyError, OSError, ImportError) as error:
        line = str(error).strip().partition("\n")[0] or type(error).__name__
        return _note(address.shown, line.replace(address.uri, address.shown))
    return f"MLflow at {address.shown}: study {folder.name}, {added} run(s) added."


class _Mirror:
    """Writes one study with `MlflowClient`, which keeps no active run of its own."""

    def __init__(self, client: "MlflowClient", experiment: str) -> None:
        self.client, self.experiment, self.added = client, experiment, 0

    def mirror(self, study: Mapping[str, Any], folder: Path) -> int:
        """The runs added."""
        name = study["study"]
        # The run of a study stays the same while trials are added: it is known by what they depend on.
        known_by = [name, study["depends_on"], study["space"], study["objective"]]
        parent = self._open(f"tune {name}", known_by, None)
        for trial in study["trials"]:
            if trial["state"] in FINISHED:
                content = {key: trial[key] for key in ("number", "state", "values", "value", "reports")}
                self._trial(trial, [*known_by, content], parent.info.run_id)
        self._study(study, parent, folder)
        return self.added

    def _open(self, name: str, known_by: Any, parent: str | None) -> Any:
        text = json.dumps(["tuning", known_by], sort_keys=True)
        fingerprint = hashlib.sha256(text.encode()).hexdigest()[:32]
        runs = self.client.search_runs([self.experiment], f"tags.`{FINGERPRINT}` = '{fingerprint}'")
        if runs:
            return min(runs, key=lambda run: run.info.status != "FINISHED")
        self.added += 1
        tags = {FINGERPRINT: fingerprint, "vfal.stage": "tune", "mlflow.source.name": "vfal tune"}
        if parent is not None:
            tags["mlflow.parentRunId"] = parent
        return self.client.create_run(self.experiment, tags=tags, run_name=name)

    def _trial(self, trial: Mapping[str, Any], known_by: Any, parent: str) -> None:
        from mlflow.entities import Metric, Param, RunTag

        run = self._open(f"trial {trial['number']}", known_by, parent)
        if run.info.status == "FINISHED":
            return
        # All carry the time of the run's start: written twice, they are the same rows.
        at_ms = run.info.start_time
        metrics = [Metric(REPORT, value, at_ms, step) for step, value in trial["reports"]]
        if trial["value"] is not None:
            metrics.append(Metric(VALUE, trial["value"], at_ms, 0))
        params = [Param(key, str(value)) for key, value in trial["values"].items()]
        tags = [RunTag("vfal.trial", trial["state"]), RunTag("vfal.reason", trial["reason"])]
        self.client.log_batch(run.info.run_id, metrics=metrics, params=params, tags=tags)
        self.client.set_terminated(run.info.run_id, "FINISHED")

    def _study(self, study: Mapping[str, Any], run: Any, folder: Path) -> None:
        """The best value so far, and record and pictures, which replace those of fewer trials."""
        from mlflow.entities import Metric, Param, RunTag

        summary = read_json(folder / "summary.json")
        metrics = [
            Metric(f"tune/{name}", summary[name], run.info.start_time, len(study["trials"]))
            for name in ("best_value", "default_value", "gain")
            if summary[name] is not None
        ]
        params = [Param(f"space.{name}", ", ".join(keys)) for name, keys in study["space"].items()]
        best = [RunTag(f"best.{key}", str(value)) for key, value in (summary["values"] or {}).items()]
        self.client.log_batch(run.info.run_id, metrics=metrics, params=params, tags=best)
        for path in sorted(folder.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                self.client.log_artifact(run.info.run_id, str(path))
        if run.info.status != "FINISHED":
            self.client.set_terminated(run.info.run_id, "FINISHED")


def _note(shown: str, reason: str) -> str:
    return (
        f"MLflow at {shown} was not updated: {reason.rstrip('.')}. The record is on disk; `vfal sync` fills "
        "in later what is missing."
    )
