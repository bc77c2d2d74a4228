"""A study as plain values on disk: what people read, and what MLflow is told."""

from collections import Counter
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
from optuna.storages import RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, TrialState

from vfal.core.config.tuning import Tune
from vfal.core.files import write_json, write_text
from vfal.core.paths import STUDIES
from vfal.tuning.database import BASE, DEFAULTS, experimental
from vfal.tuning.objective import REASON, VALUES


def folder_of(name: str) -> Path:
    """Where the record of a study lies."""
    return STUDIES / name


def describe(study: optuna.Study, tune: Tune) -> dict[str, Any]:
    """The study as json values: its trials in order, the best one and that of the defaults by number."""
    trials = [_trial(trial) for trial in study.trials if trial.state != TrialState.WAITING]
    return {
        "study": study.study_name,
        "method": tune.method,
        "objective": tune.objective.model_dump(mode="json"),
        "depends_on": study.user_attrs.get(BASE, {}),
        "space": {name: list(keys) for name, keys in tune.bound().items()},
        "best": best_of(trials),
        "defaults": _defaults_of(trials),
        "trials": trials,
    }


def best_of(trials: list[dict[str, Any]]) -> int | None:
    """The number of the trial with the largest value; the earliest of equal ones, None before any."""
    valued = [trial for trial in trials if trial["state"] == "complete"]
    best = max(valued, key=lambda trial: (trial["value"], -trial["number"]), default=None)
    return None if best is None else int(best["number"])


def summarise(described: dict[str, Any]) -> dict[str, Any]:
    """Best and default values, what is gained, and how trials ended."""
    by_number = {trial["number"]: trial for trial in described["trials"]}
    best, defaults = by_number.get(described["best"]), by_number.get(described["defaults"])
    known = best is not None and defaults is not None and defaults["value"] is not None
    return {
        "best_trial": described["best"],
        "best_value": best["value"] if best else None,
        "default_value": defaults["value"] if defaults else None,
        "gain": best["value"] - defaults["value"] if known and best and defaults else None,
        "values": best["values"] if best else None,
        "trials": dict(sorted(Counter(trial["state"] for trial in described["trials"]).items())),
    }


def write_record(described: dict[str, Any]) -> Path:
    """Write `study.json`, `trials.csv` and `summary.json`; the folder they lie in."""
    folder = folder_of(described["study"])
    write_json(folder / "study.json", described)
    write_json(folder / "summary.json", summarise(described))
    rows = [
        {"trial": trial["number"], "state": trial["state"], "value": trial["value"]}
        | trial["values"]
        | {"seconds": trial["seconds"], "reason": trial["reason"]}
        for trial in described["trials"]
    ]
    write_text(folder / "trials.csv", pd.DataFrame(rows).to_csv(index=False))
    return folder


def _trial(trial: FrozenTrial) -> dict[str, Any]:
    with experimental():
        retry_of = RetryHeartbeatStaleTrialCallback.retried_trial_number(trial)
    infeasible = any(value > 0 for value in trial.constraints.values())
    state = "infeasible" if infeasible and trial.state == TrialState.PRUNED else trial.state.name.lower()
    return {
        "number": trial.number,
        "state": state,
        "value": trial.value if trial.state == TrialState.COMPLETE else None,
        "values": trial.user_attrs.get(VALUES, {}),
        "reports": [list(report) for report in sorted(trial.intermediate_values.items())],  # step, value
        "constraints": trial.constraints,
        "reason": trial.user_attrs.get(REASON, ""),
        "retry_of": retry_of,
        "defaults": bool(trial.user_attrs.get(DEFAULTS)),
        "seconds": round(trial.duration.total_seconds(), 1) if trial.duration else None,
    }


def _defaults_of(trials: list[dict[str, Any]]) -> int | None:
    measured = [trial for trial in trials if trial["defaults"]]
    done = [trial for trial in measured if trial["state"] == "complete"]
    chosen = (done or measured)[:1]
    return int(chosen[0]["number"]) if chosen else None
