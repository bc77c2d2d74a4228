"""Writing planned runs into MLflow, so that doing it again changes nothing.

Only `MlflowClient` is used: the fluent interface keeps a global active run, puts nested runs into another
experiment than their parent's, and blocks for minutes when a server is gone.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow import MlflowClient, set_tracking_uri
from mlflow.data.dataset_source_registry import get_dataset_source_from_json
from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import DatasetInput, InputTag, Metric, Param, Run, RunTag

from vfal.core.errors import DataError
from vfal.tracking.address import Address
from vfal.tracking.plan import PlannedRun
from vfal.training.record import read_curve

FINGERPRINT, CHECKOUT = "vfal.fingerprint", "vfal.checkout"
METRICS_PER_CALL, PARAMS_PER_CALL = 1000, 100  # limits of MLflow's servers


class Store:
    """One experiment of one MLflow."""

    def __init__(self, address: Address, experiment: str, tags: Mapping[str, str]) -> None:
        """`tags` go on every run; `vfal.checkout` among them says whose unfinished runs may be closed."""
        set_tracking_uri(address.uri)  # a registry in a database asks there for models, not in its client
        self.client = MlflowClient(tracking_uri=address.uri, registry_uri=address.uri)
        self.experiment_id = self._experiment(address, experiment)
        self.tags = tags
        self.added = 0

    def _experiment(self, address: Address, name: str) -> str:
        if found := self.client.get_experiment_by_name(name):
            return str(found.experiment_id)
        place = (address.artifacts / name).as_uri() if address.artifacts else None
        return str(self.client.create_experiment(name, artifact_location=place))

    def find(self, fingerprint: str) -> Run | None:
        """The run with this fingerprint, finished or not; the finished one if there are several."""
        runs = self.client.search_runs([self.experiment_id], f"tags.`{FINGERPRINT}` = '{fingerprint}'")
        return min(runs, key=lambda run: run.info.status != "FINISHED", default=None)

    def open(self, planned: PlannedRun, parent_id: str | None) -> Run:
        """The run of this fingerprint, made when there is none; one that a killed sync left is taken up."""
        if run := self.find(planned.fingerprint):
            return run
        self.added += 1
        tags = {**self.tags, FINGERPRINT: planned.fingerprint, "vfal.stage": planned.name}
        if parent_id is not None:
            tags["mlflow.parentRunId"] = parent_id
        return self.client.create_run(self.experiment_id, tags=tags, run_name=planned.name)

    def fill(self, run: Run, planned: PlannedRun, dataset: DatasetInput | None) -> None:
        """Write everything the plan holds into an unfinished run; a finished one is left alone."""
        if run.info.status == "FINISHED":
            return
        run_id = run.info.run_id
        params = [Param(name, value) for name, value in planned.params.items()]
        for start in range(0, len(params), PARAMS_PER_CALL):
            self.client.log_batch(run_id, params=params[start : start + PARAMS_PER_CALL])
        metrics = list(_metrics(planned, run.info.start_time))
        for start in range(0, len(metrics), METRICS_PER_CALL):
            self.client.log_batch(run_id, metrics=metrics[start : start + METRICS_PER_CALL])
        if dataset is not None:
            self.client.log_inputs(run_id, datasets=[dataset])
        for path in planned.files:
            folder = path.relative_to(planned.root).parent.as_posix()
            self.client.log_artifact(run_id, str(path), None if folder == "." else folder)

    def finish(self, run: Run, tags: Mapping[str, str]) -> None:
        """Add tags and mark a run as finished."""
        self.client.log_batch(run.info.run_id, tags=[RunTag(name, value) for name, value in tags.items()])
        if run.info.status != "FINISHED":
            self.client.set_terminated(run.info.run_id, "FINISHED")

    def close_unfinished(self) -> int:
        """End the runs that a killed sync of this checkout left running; how many there were.

        Called when everything on disk is mirrored: the state they belong to is gone, so nothing could
        complete them.
        """
        left = f"tags.`{CHECKOUT}` = '{self.tags[CHECKOUT]}' and attributes.status = 'RUNNING'"
        runs = self.client.search_runs([self.experiment_id], left)
        for run in runs:
            self.client.set_terminated(run.info.run_id, "KILLED")
        return len(runs)


def _metrics(planned: PlannedRun, at_ms: int) -> Iterator[Metric]:
    """Results and curves. All carry the time of the run's start: written twice, they are the same rows."""
    for name, value in planned.metrics.items():
        yield Metric(name, value, at_ms, 0)
    for prefix, path in planned.curves.items():
        for row in read_curve(path):
            step = int(row["step"])
            for name, value in row.items():
                if name != "step" and value is not None:
                    yield Metric(f"{prefix}/{name}", float(value), at_ms, step)


def dataset_input(identities: Path, raw: Path, digest: str | None) -> DatasetInput | None:
    """The corpus as MLflow describes data sets: one row per identity, DVC's md5 of `raw` as digest.

    MLflow knows no `dvc://` address, so the source is the local folder. None before `prepare`.
    """
    if not identities.exists() or digest is None:
        return None
    try:
        people = pd.read_parquet(identities)
    except (OSError, ValueError) as error:
        raise DataError(f"{identities}: not a readable table ({error}). Run `dvc repro prepare`.") from error
    # Given a plain path, MLflow finds two resolvers of its own for it and warns.
    source = get_dataset_source_from_json(json.dumps({"uri": str(raw.absolute())}), "local")
    described: Any = from_pandas(people, source=source, name="corpus", digest=digest)
    return DatasetInput(described._to_mlflow_entity(), [InputTag("mlflow.data.context", "training")])
