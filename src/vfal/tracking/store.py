"""Writing planned runs into MLflow, so that doing it again changes nothing.

Only `MlflowClient` is used: the fluent interface keeps a global active run, puts nested runs into another
experiment than their parent's, and blocks for minutes when a server is gone.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow import MlflowClient
from mlflow.data.dataset_source_registry import get_dataset_source_from_json
from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import DatasetInput, InputTag, Metric, Param, Run, RunTag

from vfal.core.errors import DataError
from vfal.tracking.address import Address
from vfal.tracking.experiment import Experiment
from vfal.tracking.plan import PlannedRun
from vfal.tracking.system import Samples
from vfal.training.record import read_curve

FINGERPRINT, CHECKOUT, ATTEMPT = "vfal.fingerprint", "vfal.checkout", "vfal.attempt"
PARENT_ID, NOTE = "mlflow.parentRunId", "mlflow.note.content"
FIGURES = "figures"
METRICS_PER_CALL, PARAMS_PER_CALL = 1000, 100  # limits of MLflow's servers


class Store:
    """One experiment of one MLflow."""

    def __init__(self, address: Address, experiment: Experiment, tags: Mapping[str, str]) -> None:
        """`tags` go on every run; `vfal.checkout` among them says whose unfinished runs may be closed."""
        self.client = MlflowClient(tracking_uri=address.uri, registry_uri=address.uri)
        self.experiment_id = self._experiment(address, experiment)
        self.tags = tags
        self.added = 0

    def _experiment(self, address: Address, wanted: Experiment) -> str:
        found = self.client.get_experiment_by_name(wanted.name)
        if found is not None and found.lifecycle_stage == "deleted":
            self.client.restore_experiment(found.experiment_id)
        if found is not None:
            return str(found.experiment_id)
        place = (address.artifacts / wanted.name).as_uri() if address.artifacts else None
        tags = {**wanted.tags, NOTE: wanted.note}
        return str(self.client.create_experiment(wanted.name, artifact_location=place, tags=tags))

    def find(self, fingerprint: str) -> Run | None:
        """The run with this fingerprint, finished or not; the finished one if there are several."""
        runs = self.client.search_runs([self.experiment_id], f"tags.`{FINGERPRINT}` = '{fingerprint}'")
        return min(runs, key=lambda run: run.info.status != "FINISHED", default=None)

    def live(self, attempt: str) -> Run | None:
        """The run that shows an attempt at a stage while it goes on."""
        shown = f"tags.`{ATTEMPT}` = '{attempt}' and attributes.status = 'RUNNING'"
        return next(iter(self.client.search_runs([self.experiment_id], shown, max_results=1)), None)

    def open(self, planned: PlannedRun, samples: Sequence[Samples], start_ms: int | None = None) -> Run:
        """The run of this fingerprint, made when there is none; one that a killed sync left is taken up.

        So is the run that showed the attempt live, unless the same result was there before.
        """
        found = self.find(planned.fingerprint)
        live = self.live(samples[-1].attempt) if samples else None
        if live is not None and found is not None and live.info.run_id != found.info.run_id:
            self.client.delete_run(live.info.run_id)
        if found is not None:
            return found
        self.added += 1
        about = {FINGERPRINT: planned.fingerprint, "vfal.stage": planned.name, NOTE: planned.note}
        about |= {f"vfal.machine.{key}": value for one in samples for key, value in one.machine.items()}
        if live is not None:
            self.client.log_batch(live.info.run_id, tags=_tags(about))
            return live
        if samples:
            start_ms = samples[-1].span_ms[0]
        return self.client.create_run(self.experiment_id, start_ms, {**self.tags, **about}, planned.name)

    def place_below(self, run: Run, parent: Run) -> None:
        """Make a run a child, unless it is one already."""
        if PARENT_ID not in run.data.tags:
            self.client.set_tag(run.info.run_id, PARENT_ID, parent.info.run_id)

    def fill(
        self,
        run: Run,
        planned: PlannedRun,
        dataset: DatasetInput | None,
        samples: Sequence[Samples] = (),
        drawn: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Write everything the plan holds into an unfinished run; a finished one is left alone.

        `drawn` are names and contents of figures; it is not asked for any where none are needed.
        """
        if run.info.status == "FINISHED":
            return
        run_id = run.info.run_id
        params = [Param(name, value) for name, value in planned.params.items()]
        for start in range(0, len(params), PARAMS_PER_CALL):
            self.client.log_batch(run_id, params=params[start : start + PARAMS_PER_CALL])
        self.log(run_id, [*_metrics(planned, run.info.start_time), *system_metrics(samples)])
        if dataset is not None:
            self.client.log_inputs(run_id, datasets=[dataset])
        for path in planned.files:
            folder = path.relative_to(planned.root).parent.as_posix()
            self.client.log_artifact(run_id, str(path), None if folder == "." else folder)
        for name, content in drawn:
            self.client.log_text(run_id, content, f"{FIGURES}/{name}")

    def log(self, run_id: str, metrics: Sequence[Metric]) -> None:
        """Write metrics; those that are there already stay as they are."""
        for start in range(0, len(metrics), METRICS_PER_CALL):
            self.client.log_batch(run_id, metrics=metrics[start : start + METRICS_PER_CALL])

    def finish(self, run: Run, tags: Mapping[str, str], end_ms: int | None = None) -> None:
        """Add tags and mark a run as finished."""
        self.client.log_batch(run.info.run_id, tags=_tags(tags))
        if run.info.status != "FINISHED":
            self.client.set_terminated(run.info.run_id, "FINISHED", end_ms)

    def close_unfinished(self, going_on: Collection[str] = ()) -> int:
        """End the runs that a killed sync or trainer of this checkout left running; how many there were.

        Called when everything on disk is mirrored: the state they belong to is gone, so nothing could
        complete them. Runs of the attempts that are `going_on` stay.
        """
        left = f"tags.`{CHECKOUT}` = '{self.tags[CHECKOUT]}' and attributes.status = 'RUNNING'"
        runs = self.client.search_runs([self.experiment_id], left)
        ended = [run for run in runs if run.data.tags.get(ATTEMPT) not in going_on]
        for run in ended:
            self.client.set_terminated(run.info.run_id, "KILLED")
        return len(ended)


def _tags(tags: Mapping[str, str]) -> list[RunTag]:
    return [RunTag(name, value) for name, value in tags.items()]


def system_metrics(samples: Sequence[Samples]) -> Iterator[Metric]:
    """What machines did, by the clock, under the prefix of MLflow's own page of system metrics."""
    rows = (row for one in samples for row in one.rows)
    for step, row in enumerate(rows):
        for name, value in row.items():
            if name != "time_ms":
                yield Metric(f"system/{name}", float(value), int(row["time_ms"]), step)


def _metrics(planned: PlannedRun, at_ms: int) -> Iterator[Metric]:
    """Results and curves. All carry the time of the run's start: written twice, they are the same rows."""
    for name, value in planned.metrics.items():
        yield Metric(name, value, at_ms, 0)
    for prefix, path in planned.curves.items():
        yield from curve_metrics(prefix, read_curve(path), at_ms)


def curve_metrics(prefix: str, rows: Iterable[Mapping[str, float]], at_ms: int) -> Iterator[Metric]:
    """Rows of a curve as metrics by step."""
    for row in rows:
        for name, value in row.items():
            if name != "step" and value is not None:
                yield Metric(f"{prefix}/{name}", float(value), at_ms, int(row["step"]))


def dataset_input(
    identities: Path, raw: Path, digest: str | None, *, name: str, context: str
) -> DatasetInput | None:
    """The corpus as MLflow describes data sets: one row per identity, DVC's md5 of `raw` as digest.

    `context` says what it is used for. MLflow knows no `dvc://` address, so the source is the local folder.
    None before `prepare`.
    """
    if not identities.exists() or digest is None:
        return None
    try:
        people = pd.read_parquet(identities)
    except (OSError, ValueError) as error:
        raise DataError(f"{identities}: not a readable table ({error}). Run `dvc repro prepare`.") from error
    # Given a plain path, MLflow finds two resolvers of its own for it and warns.
    source = get_dataset_source_from_json(json.dumps({"uri": str(raw.absolute())}), "local")
    described: Any = from_pandas(people, source=source, name=name, digest=digest)
    return DatasetInput(described._to_mlflow_entity(), [InputTag("mlflow.data.context", context)])
