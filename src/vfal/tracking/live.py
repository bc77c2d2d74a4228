"""`vfal sync --follow`: runs in MLflow while they train.

A process of its own, which only reads what the trainer writes anyway: it cannot slow or fail a training, and
the trainer does not know of it.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vfal.core.config.params import Params, load_params
from vfal.core.errors import BusyError, VfalError
from vfal.core.state import only_one
from vfal.core.switches import switch_off
from vfal.tracking.address import resolve, why_silent
from vfal.tracking.attempts import Attempt, attempts
from vfal.tracking.experiment import experiment_of
from vfal.tracking.mirror import failures, run_tags, sync
from vfal.tracking.patience import patience, quiet, towards
from vfal.tracking.plan import NOTES
from vfal.tracking.provenance import params_as_run, read_lock
from vfal.training.record import read_curve

if TYPE_CHECKING:
    from mlflow.entities import Metric


def follow(say: Callable[[str], None]) -> None:
    """Mirror what is whole and what grows, every `tracking.follow_every_s` seconds, until interrupted."""
    os.nice(10)  # training comes first
    sent: dict[tuple[str, str], int] = {}
    params, last = load_params(), ""
    try:
        while True:
            try:
                params = load_params()
                said = f"{sync(params)} {show_attempts(params, sent)}".strip()
            except VfalError as error:  # params.yaml is being edited, say
                said = str(error)
            if said != last:
                say(said)
            last = said
            time.sleep(params.tracking.follow_every_s)
    except KeyboardInterrupt:
        say("No longer following.")


def show_attempts(params: Params, sent: dict[tuple[str, str], int]) -> str:
    """Write what is new of every training phase into its running run; what was shown, empty when nothing is.

    `sent` counts the rows of each curve that are there, by attempt and name, and is brought up to date.
    """
    switch_off()
    training, address = attempts(), resolve(params.tracking.uri, Path.cwd())
    if not training or why_silent(address):
        return ""
    try:
        with only_one("sync", "vfal sync"), patience(towards(address.uri)), quiet():
            for attempt in training:
                _show(attempt, params, sent)
    except BusyError:
        return ""  # the other one is at it
    except failures() as error:
        return f"{', '.join(one.name for one in training)} cannot be shown: {error}"
    return f"Shown while training: {', '.join(one.name for one in training)}."


def _show(attempt: Attempt, params: Params, sent: dict[tuple[str, str], int]) -> None:
    from vfal.tracking.store import ATTEMPT, NOTE, Store, curve_metrics, system_metrics

    address = resolve(params.tracking.uri, Path.cwd())
    stages = read_lock()
    store = Store(address, experiment_of(params_as_run(params, stages), stages), run_tags())
    samples = attempt.samples
    run = store.live(samples.attempt)
    if run is None:
        about = {ATTEMPT: samples.attempt, "vfal.stage": attempt.name, NOTE: NOTES[attempt.name]}
        run = store.client.create_run(
            store.experiment_id, samples.span_ms[0], {**store.tags, **about}, attempt.name
        )
    metrics: list[Metric] = []
    for name, path in attempt.curves.items():
        rows, key = read_curve(path), (samples.attempt, name)
        metrics += curve_metrics(name, rows[sent.get(key, 0) :], run.info.start_time)
        sent[key] = len(rows)
    machine, key = list(system_metrics([samples])), (samples.attempt, "system")
    metrics += machine[sent.get(key, 0) :]
    sent[key] = len(machine)
    store.log(run.info.run_id, metrics)
