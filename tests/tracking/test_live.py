"""Runs that are seen in MLflow while they train."""

import json
import os
import time
from pathlib import Path

import pytest

from vfal.core.files import write_text
from vfal.core.paths import state_folder
from vfal.core.state import only_one
from vfal.tracking.live import show_attempts
from vfal.tracking.mirror import sync
from vfal.tracking.system import attempt_path
from vfal.training.record import growing_curves, name_curve

WORK = Path("retrain/0123456789abcdef")

pytestmark = pytest.mark.usefixtures("without_model", "without_figures")


@pytest.fixture
def training(checkout: Path):
    """`retrain` is at work, as its stage would be; its process is this one."""
    write_samples()
    name_curve(state_folder() / WORK, "seed_1")
    grow(2)
    with only_one("retrain", "stage retrain"):
        yield


def write_samples() -> None:
    now = time.time_ns() // 1_000_000
    rows = [{"attempt": "7-1", "machine": {"cpu": "one"}}, {"time_ms": now}, {"time_ms": now + 5, "cpu": 1.0}]
    write_text(attempt_path("retrain"), "".join(json.dumps(row) + "\n" for row in rows))


def grow(rows: int) -> None:
    lines = [json.dumps({"step": 10 * row, "loss": 5.0 - row}) + "\n" for row in range(rows)]
    write_text(state_folder() / WORK / "curve.jsonl", "".join(lines))


def runs(client) -> list:
    found = client.search_experiments(filter_string="name LIKE 'vfal-%'")
    return client.search_runs([one.experiment_id for one in found]) if found else []


def named(client, name: str) -> list:
    return [run for run in runs(client) if run.info.run_name == name]


@pytest.mark.usefixtures("training")
class TestWhileItTrains:
    def test_a_running_run_shows_the_curve_so_far_and_what_grows_later(self, params, client):
        sent: dict[tuple[str, str], int] = {}
        assert show_attempts(params, sent) == "Shown while training: retrain."
        grow(3)
        show_attempts(params, sent)
        (run,) = named(client, "retrain")
        assert run.info.status == "RUNNING"
        history = client.get_metric_history(run.info.run_id, "seed_1/loss")
        assert sorted((point.step, point.value) for point in history) == [(0, 5.0), (10, 4.0), (20, 3.0)]

    def test_a_follower_that_is_started_again_adds_no_second_run_or_point(self, params, client):
        show_attempts(params, {})
        show_attempts(params, {})
        (run,) = named(client, "retrain")
        assert len(client.get_metric_history(run.info.run_id, "seed_1/loss")) == 2

    def test_a_sync_in_the_middle_leaves_it_running(self, params, client):
        show_attempts(params, {})
        assert "ended" not in sync(params)
        assert "RUNNING" in {run.info.status for run in named(client, "retrain")}


def test_a_finished_phase_takes_up_the_run_that_showed_it(params, client, checkout, training):
    show_attempts(params, {})
    (live,) = named(client, "retrain")
    from vfal.tracking.plan import mark_of

    attempt_path("retrain").rename(attempt_path("retrain").with_name(f"of-{mark_of('retrain')}.jsonl"))
    sync(params)
    (run,) = named(client, "retrain")
    assert run.info.run_id == live.info.run_id
    assert run.info.status == "FINISHED"
    assert run.data.tags["vfal.machine.cpu"] == "one"
    assert run.data.metrics["seed_2/best_step"] == 200
    assert run.data.metrics["system/cpu"] == 1.0


def test_a_run_whose_training_was_killed_is_ended(params, client, checkout):
    write_samples()
    name_curve(state_folder() / WORK, "seed_1")
    grow(2)
    with only_one("retrain", "stage retrain"):
        show_attempts(params, {})
    (live,) = named(client, "retrain")
    assert "1 broken off ended" in sync(params)
    assert client.get_run(live.info.run_id).info.status == "KILLED"


def test_a_result_that_was_there_before_has_no_second_run(params, client, checkout, training):
    sync(params)
    (first,) = named(client, "retrain")
    show_attempts(params, {})
    from vfal.tracking.plan import mark_of

    attempt_path("retrain").rename(attempt_path("retrain").with_name(f"of-{mark_of('retrain')}.jsonl"))
    sync(params, again=True)
    assert [run.info.run_id for run in named(client, "retrain")] == [first.info.run_id]


def test_nothing_is_shown_when_nothing_trains(params, client, checkout):
    assert show_attempts(params, {}) == ""
    assert runs(client) == []


def test_a_curve_left_by_an_earlier_attempt_does_not_grow(checkout):
    name_curve(state_folder() / WORK, "seed_1")
    grow(1)
    os.utime(state_folder() / WORK / "curve.jsonl", (1, 1))
    assert growing_curves("retrain", time.time() - 5) == {}
