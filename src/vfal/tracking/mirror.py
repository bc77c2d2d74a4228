"""`vfal sync`: MLflow made to hold what the disk holds. Doing it twice adds nothing."""

import hashlib
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vfal.core.config.params import Params
from vfal.core.errors import BusyError, DataError
from vfal.core.files import read_json, write_json
from vfal.core.paths import PREPARED, RAW, REPORTS, state_folder
from vfal.core.state import only_one
from vfal.core.switches import switch_off
from vfal.core.workers import progress_bar
from vfal.tracking.address import Address, resolve, why_silent
from vfal.tracking.patience import BOUNDED, patience, quiet
from vfal.tracking.provenance import LOCK, data_digest, params_as_run, provenance_tags, read_lock

if TYPE_CHECKING:
    from vfal.tracking.store import Store

MIRRORED = (Path("models"), REPORTS)
HEADLINE = ("matching_1_2/", "verification/", "retrieval/")
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
        with only_one("sync", "vfal sync"), patience(BOUNDED), quiet():
            said, complete = _mirror(params, address)
    except BusyError as error:
        return f"MLflow was not updated. {error}"
    except _failures() as error:
        return _note(address, _reason(error))
    if complete:
        write_json(_marker(), {"state": state})
    return said + _unused_variable(address)


def _mirror(params: Params, address: Address) -> tuple[str, bool]:
    """Runs first, then the model; what was done, and whether all of it was."""
    from vfal.tracking.plan import plan_evaluations, plan_parent, plan_phases, read_metrics
    from vfal.tracking.store import CHECKOUT, Store, dataset_input
    from vfal.training.phases import METHOD

    stages = read_lock()
    ran, digest = params_as_run(params, stages), data_digest(stages)
    planned = [*plan_phases(ran, METHOD), *plan_evaluations(ran, METHOD)]
    parent = plan_parent(ran, METHOD, planned, digest)
    tags = {**provenance_tags(), "mlflow.source.name": "vfal sync", CHECKOUT: _checkout()}
    store = Store(address, params.tracking.experiment, tags)
    dataset = dataset_input(PREPARED / "identities.parquet", RAW, digest)
    top = store.open(parent, None)
    runs = {}
    with progress_bar() as bar:
        for plan in bar.track([*planned], description="mirror to MLflow"):
            run = runs[plan.name] = store.open(plan, top.info.run_id)
            store.fill(run, plan, dataset)
            store.finish(run, {})
    store.fill(top, parent, dataset)
    # Stages that did not change keep the run they have, below an older parent; these tags lead there.
    links = {f"vfal.run.{name.replace('@', '/')}": run.info.run_id for name, run in runs.items()}
    store.finish(top, links)
    closed = store.close_unfinished()
    said = (
        f"MLflow at {address.shown}, experiment {params.tracking.experiment}: {store.added} run(s) added, "
        f"{len(runs) + 1 - store.added} there already{f', {closed} broken off ended' if closed else ''}."
    )
    made_by = runs.get("retrain", top).info.run_id
    model, complete = _register(ran, params.tracking.model_name, store, made_by, METHOD, read_metrics(METHOD))
    return f"{said} {model}".rstrip(), complete


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
            tags={**store.tags, **headline},
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
    """Whether this state went to this address before; a database file that is gone has forgotten it."""
    if address.database is not None and not address.database.exists():
        return False
    return _marker().exists() and read_json(_marker())["state"] == state


def _checkout() -> str:
    """A name for this checkout that tells nothing about the machine."""
    return hashlib.sha256(f"{socket.gethostname()}:{Path.cwd()}".encode()).hexdigest()[:12]


def _failures() -> tuple[type[Exception], ...]:
    """What a server or database that cannot be written raises; asked for when something was raised."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, SQLAlchemyError, OSError, ImportError
