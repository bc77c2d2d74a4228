"""`vfal sync`: MLflow made to hold what the disk holds. Doing it twice adds nothing."""

import hashlib
import json
import os
import socket
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vfal.core.config.params import MAIN, Params
from vfal.core.errors import BusyError, DataError, VfalError
from vfal.core.files import read_json, write_json
from vfal.core.paths import PREPARED, RAW, REPORTS, state_folder
from vfal.core.state import only_one
from vfal.core.switches import switch_off
from vfal.core.workers import progress_bar
from vfal.tracking.address import Address, damage, has_run, resolve, why_silent
from vfal.tracking.attempts import attempts
from vfal.tracking.currency import Currency
from vfal.tracking.experiment import experiment_of
from vfal.tracking.patience import patience, quiet, towards
from vfal.tracking.plan import PARENT
from vfal.tracking.provenance import LOCK, data_digest, params_as_run, provenance_tags, read_lock
from vfal.tracking.system import samples_of

if TYPE_CHECKING:
    from mlflow.entities import Run

    from vfal.tracking.plan import PlannedRun
    from vfal.tracking.store import Store

MIRRORED = (Path("models"), REPORTS)
HEADLINE = ("matching_1_2/", "verification/", "retrieval/")
VERSION_TAGS = ("mlflow.source.git.commit", "vfal.git_clean", "vfal.dvc_lock_md5")  # the run has the others
HEADLINE_ENDS = ("/all/accuracy", "/same_gender/accuracy", "/all/auc", "/all/map")


def sync(params: Params, *, again: bool = False) -> str:
    """Mirror runs and model to the MLflow of `params.tracking`; sentences that say what was done.

    An MLflow that is silent, locked or refuses is a sentence too, within about ten seconds: nothing is
    lost, and the next sync fills in what is missing. `again` looks at MLflow even when this state is
    known to have gone there.
    """
    switch_off()
    address = resolve(params.tracking.uri, Path.cwd())
    state = _state(params, address)
    if state is None:
        return "Nothing to mirror to MLflow yet: run `vfal repro` first."
    if not again and _known(state, address):
        return f"MLflow at {address.shown} holds this state already.{_unused_variable(address)}"
    if reason := why_silent(address):
        return _note(address, reason)
    try:
        with only_one("sync", "vfal sync"), patience(towards(address.uri)), quiet():
            said, complete, last = _mirror(params, address)
    except BusyError as error:
        return f"MLflow was not updated. {error}"
    except VfalError as error:
        return _note(address, str(error))
    except FileNotFoundError as error:
        return _note(address, f"{error.filename} went away while it was read; a stage is at work")
    except failures() as error:
        return _note(address, _reason(error) + damage(error, address.database))
    if complete:
        write_json(_marker(), {"state": state, "run": last})
    return said + _unused_variable(address)


def _mirror(params: Params, address: Address) -> tuple[str, bool, str]:
    """Runs first, then the model; what was done, whether all of it was, and the id of the last run."""
    from vfal.tracking.figures import figures_of
    from vfal.tracking.plan import EVALUATION, plan_evaluations, plan_parent, plan_phases, read_metrics
    from vfal.tracking.shelf_plan import plan_shelf
    from vfal.tracking.store import Store

    stages = read_lock()
    current = Currency(stages)
    known = {name: entry for name, entry in stages.items() if name in current}
    ran, digest = partial(params_as_run, params, known), data_digest(stages)
    planned = [
        plan
        for plan in (*plan_phases(ran), *plan_evaluations(ran))
        if all(name in current for name in plan.stages)
    ]
    shelf = [plan for plan in plan_shelf(params, ran) if all(name in current for name in plan.stages)]
    if not planned and not shelf:
        return "Nothing to mirror to MLflow yet: no phase is finished.", True, ""
    experiment = experiment_of(ran("compare"), known)
    store = Store(address, experiment, run_tags())
    runs: dict[str, Run] = {}
    ends: list[int] = []
    with progress_bar() as bar:
        for plan in bar.track([*planned, *shelf], description="mirror to MLflow"):
            samples = [found for name in plan.stages if (found := samples_of(name))]
            run = runs[plan.name] = store.open(plan, samples)
            dataset = _dataset(params, digest, plan)
            store.fill(run, plan, dataset, samples, figures_of(plan.name, ran(plan.name)))
            ends += [one.span_ms[1] for one in samples]
            store.finish(run, {}, max((one.span_ms[1] for one in samples), default=None))
    if "compare" in current:
        parent = plan_parent(ran("compare"), planned, digest)
        children = {plan.name: runs[plan.name] for plan in planned}
        dataset = _dataset(params, digest, parent)
        runs[PARENT] = _close(store, parent, children, dataset, max(ends, default=None))
    closed = store.close_unfinished([one.samples.attempt for one in attempts()])
    said = (
        f"MLflow at {address.shown}, experiment {experiment.name}: {store.added} run(s) added, "
        f"{len(runs) - store.added} there already{f', {closed} broken off ended' if closed else ''}."
    )
    last = next((str(run.info.run_id) for run in reversed(runs.values())), "")
    if "retrain" not in runs:
        return said, True, last
    metrics = read_metrics(MAIN) if f"{EVALUATION}{MAIN}" in runs else {}
    made_by = runs["retrain"].info.run_id
    model, complete = _register(ran("retrain"), params.tracking.model_name, store, made_by, MAIN, metrics)
    return f"{said} {model}".rstrip(), complete, last


def _close(
    store: "Store", parent: "PlannedRun", runs: Mapping[str, "Run"], dataset: Any, end_ms: int | None
) -> "Run":
    """The run above the others, made when the last stage has run."""
    from vfal.tracking.store import PARENT_ID

    started = [run.info.start_time for run in runs.values() if PARENT_ID not in run.data.tags]
    top = store.open(parent, [], min(started, default=None))
    store.fill(top, parent, dataset)
    for run in runs.values():
        store.place_below(run, top)
    # Stages that did not change keep the run they have, below an older parent; these tags lead there.
    links = {f"vfal.run.{name.replace('@', '/')}": run.info.run_id for name, run in runs.items()}
    store.finish(top, links, end_ms)
    return top


def _dataset(params: Params, digest: str | None, plan: "PlannedRun") -> Any:
    from vfal.tracking.store import dataset_input

    context = "evaluation" if plan.name.startswith("evaluate") else "training"
    return dataset_input(
        PREPARED / "identities.parquet", RAW, digest, name=params.collect.dataset, context=context
    )


def _register(
    params: Params, name: str, store: "Store", run_id: str, method: str, metrics: Mapping[str, float]
) -> tuple[str, bool]:
    """What became of the model, and whether it is where it should be. Before `retrain` there is none."""
    from vfal.tracking.chosen import choose
    from vfal.tracking.registry import register

    chosen = choose(params, method)
    if chosen is None:
        return "", True
    headline = {
        key: f"{value:.4f}"
        for key, value in metrics.items()
        if key.startswith(HEADLINE) and key.endswith(HEADLINE_ENDS)
    }
    try:
        said = register(
            store.client,
            name,
            chosen,
            run_id=run_id,
            experiment_id=store.experiment_id,
            tags={**{key: store.tags[key] for key in VERSION_TAGS if key in store.tags}, **headline},
        )
    except DataError as error:
        return f"The model was not registered. {error}", False
    return said, True


def _reason(error: Exception) -> str:
    """The first line of what went wrong; of a failed request only the cause at its end."""
    line = str(error).strip().partition("\n")[0] or type(error).__name__
    return line.rpartition("(Caused by ")[2].removesuffix(")")


def _note(address: Address, reason: str) -> str:
    reason = reason.replace(address.uri, address.shown).rstrip(".")
    return (
        f"MLflow at {address.shown} was not updated: {reason}. "
        "The records are on disk; `vfal sync` fills in later what is missing."
    )


def _unused_variable(address: Address) -> str:
    if os.environ.get("MLFLOW_TRACKING_URI", address.uri) == address.uri:
        return ""
    return " MLFLOW_TRACKING_URI is set and not used: params.yaml, tracking.uri decides."


def _state(params: Params, address: Address) -> str | None:
    """Digest of what would be mirrored and where to, by size and time of files; None before any."""
    files = [path for folder in MIRRORED for path in sorted(folder.rglob("*")) if path.is_file()]
    if not any(path.suffix in (".json", ".jsonl") for path in files):
        return None
    stats = [[path.as_posix(), path.stat().st_size, path.stat().st_mtime_ns] for path in files]
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest() if LOCK.exists() else ""
    parts = [address.uri, params.model_dump(), lock, stats]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _marker() -> Path:
    return state_folder() / "tracking" / "mirrored.json"


def _known(state: str, address: Address) -> bool:
    """Whether this state went to this address before, and is there still: a store may have been emptied."""
    if not _marker().exists():
        return False
    marker = read_json(_marker())
    return marker["state"] == state and (not marker.get("run") or has_run(address, marker["run"]))


def run_tags() -> dict[str, str]:
    """What every run from here carries: code, data, and a name for this checkout that tells nothing else."""
    checkout = hashlib.sha256(f"{socket.gethostname()}:{Path.cwd()}".encode()).hexdigest()[:12]
    return {**provenance_tags(), "mlflow.source.name": "vfal sync", "vfal.checkout": checkout}


def failures() -> tuple[type[Exception], ...]:
    """What a server or database raises that cannot be written; asked for when something was raised."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, SQLAlchemyError, OSError, ImportError
