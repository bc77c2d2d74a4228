"""`vfal tune`: run trials, write down what they found, propose the winner."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.study import MaxTrialsCallback
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console

from vfal.core.config.params import Params, check_all, read_raw
from vfal.core.config.tuning import Value
from vfal.core.config.writing import rewritten
from vfal.core.errors import ConfigError, DataError
from vfal.core.files import write_text
from vfal.core.paths import PARAMS, state_folder
from vfal.core.workers import only_bar
from vfal.tracking.studies import mirror_study
from vfal.tuning.database import (
    BASE,
    DATA,
    address_of,
    database_errors,
    open_study,
    refuse_another,
    retry_callback,
)
from vfal.tuning.objective import Objective
from vfal.tuning.pictures import draw_pictures
from vfal.tuning.proposal import proposal
from vfal.tuning.record import describe, folder_of, summarise, write_record
from vfal.tuning.seen import load_seen, refuse_stale_features
from vfal.tuning.space import depends_on, start_of
from vfal.tuning.table import best_value, print_study

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_console = Console(highlight=False, soft_wrap=True)


def tune(more: int = 0) -> None:
    """Run trials, write reports/tune/<study>/ and print it.

    `more` trials are added; 0 completes the study to the `tune.trials` of params.yaml. A study that is
    interrupted anywhere is continued by the next call.
    """
    raw = read_raw(PARAMS)
    params = check_all(raw)
    if params.retrain.weights:
        raise ConfigError("retrain.weights: names a released model; nothing is trained, so nothing is tuned.")
    refuse_stale_features(raw)
    start = start_of(raw, params.tune)
    seen = load_seen(params)
    asked = depends_on(params)
    tune_ = params.tune
    study = open_study(tune_, new={BASE: asked, DATA: seen.digest}, first=start)
    refuse_another(study, asked, seen.digest)
    with database_errors(address_of(tune_)):
        done = len(study.get_trials(deepcopy=False, states=FINISHED))
        objective = Objective(raw, seen, start, _work_folder(study.study_name))
        try:
            _run(study, objective, more or tune_.trials - done, most=None if more else tune_.trials)
        finally:
            _sweep(study)
            summary = _publish(study, params)
    winning_values(study.study_name, summary)


def show() -> None:
    """Print a study as its database holds it, and write its record again."""
    params = check_all(read_raw(PARAMS))
    study = open_study(params.tune)
    with database_errors(address_of(params.tune)):
        _publish(study, params)


def apply() -> None:
    """Write the winner's values into params.yaml, unless the study was made under other parameters."""
    params = check_all(read_raw(PARAMS))
    study = open_study(params.tune)
    refuse_another(study, depends_on(params))
    with database_errors(address_of(params.tune)):
        summary = summarise(describe(study, params.tune))
    values = winning_values(study.study_name, summary)
    text, changed = rewritten(PARAMS, values)
    if changed:
        write_text(PARAMS, text)
    for key, value in values.items():
        _console.print(f"{key}: {value}")
    held = "now holds" if changed else "already held"
    _console.print(f"params.yaml {held} trial {summary['best_trial']} of study {study.study_name}.")


def winning_values(name: str, summary: Mapping[str, Any]) -> dict[str, Value]:
    """The winner's values by key; a `DataError` when no trial has a value."""
    if summary["values"] is None:
        states = ", ".join(f"{count} {state}" for state, count in summary["trials"].items()) or "no trial yet"
        raise DataError(
            f"study '{name}': no trial has a value ({states}); {folder_of(name)}/trials.csv says why. Narrow "
            "tune.space to what can be trained, or add trials with `vfal tune --trials N`."
        )
    values: dict[str, Value] = summary["values"]
    return values


def _work_folder(name: str) -> Path:
    """Where trials of this checkout keep what they train."""
    return state_folder() / "tuning" / "trials" / name


def _sweep(study: optuna.Study) -> None:
    """Remove what killed trials left behind; another worker's trials go on."""
    running = {f"trial_{trial.number}" for trial in study.trials if trial.state == TrialState.RUNNING}
    for left in _work_folder(study.study_name).glob("trial_*"):
        if left.name not in running:
            shutil.rmtree(left, ignore_errors=True)


def _run(study: optuna.Study, objective: Objective, trials: int, *, most: int | None) -> None:
    """Run `trials` trials here, or fewer once all workers together have finished `most`."""
    if trials <= 0:
        return
    again = retry_callback()

    def one(trial: optuna.Trial) -> float:
        try:
            return objective(trial)
        except optuna.TrialPruned:
            raise
        except BaseException:  # Ctrl-C, a full disk: as if it had been killed
            again(study, study.trials[trial.number])
            raise

    with only_bar() as bar:
        handle = bar.add_task(f"tune {study.study_name}", total=trials)

        def advance(study: optuna.Study, trial: FrozenTrial) -> None:
            best = best_value(study)
            bar.update(handle, advance=1, description=f"tune {study.study_name}, best {best}")

        limit = [] if most is None else [MaxTrialsCallback(most, states=FINISHED)]
        study.optimize(one, n_trials=trials, callbacks=[advance, *limit])


def _publish(study: optuna.Study, params: Params) -> dict[str, Any]:
    """Record, pictures, proposal and table of a study, and its mirror in MLflow; the summary."""
    described = describe(study, params.tune)
    folder, summary = write_record(described), summarise(described)
    notes = draw_pictures(study, folder)
    diff = ""
    if summary["values"] is not None:
        diff = proposal(PARAMS, summary["values"])
    write_text(folder / "proposal.diff", diff)
    print_study(_console, described, summary, diff)
    for note in [*notes, mirror_study(params, folder), f"Record and pictures: {folder}/"]:
        _console.print(note)
    return summary
