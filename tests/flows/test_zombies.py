"""Which open runs are taken for dead, against a real server."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flows.zombies import WORKER_LABEL, close, find, sweep, worker_name
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State, StateType
from prefect.states import Pending, Running

from flows import alive
from vfal.core.files import read_json, write_json

from ..tiny_params import raw_params

pytestmark = pytest.mark.usefixtures("prefect_api")
CLAIM_S = 60.0


@flow(name="waits")
def waits() -> None:
    """Stands for any flow."""


@pytest.fixture(autouse=True)
def here(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{repository}{os.pathsep}{repository / 'src'}")
    monkeypatch.delenv("VFAL_STATE", raising=False)


def open_run(state: State[Any], labels: dict[str, str] | None = None) -> str:
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(waits, state=state)
        if labels:
            client.update_flow_run_labels(run.id, dict(labels))
        return str(run.id)


def state_of(run: str) -> str:
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(UUID(run)).state
    assert state is not None
    return state.type.value


def hold_and_die(run: str) -> None:
    """A process that leaves a proof of life and is killed."""
    code = f"from flows.alive import hold; hold({run!r}); import os; os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9


def found() -> dict[str, str]:
    return {zombie.flow_run: zombie.why for zombie in find(CLAIM_S)}


def test_a_run_whose_process_was_killed_is_closed_as_crashed_and_its_record_goes() -> None:
    run = open_run(Running())
    hold_and_die(run)
    assert "is gone" in found()[run]
    assert run in [zombie.flow_run for zombie in sweep(CLAIM_S)]
    assert state_of(run) == "CRASHED"
    assert list(alive.records().glob(f"{run}*")) == []


def test_a_run_whose_process_lives_is_never_touched() -> None:
    run = open_run(Running())
    alive.hold(run)
    assert run not in found()
    sweep(CLAIM_S)
    assert state_of(run) == "RUNNING"


def test_a_run_that_ends_between_the_two_looks_keeps_its_end() -> None:
    run = open_run(Running())
    hold_and_die(run)
    zombies = [zombie for zombie in find(CLAIM_S) if zombie.flow_run == run]
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(UUID(run), State(type=StateType.COMPLETED), force=True)
    assert close(zombies, CLAIM_S) == []
    assert state_of(run) == "COMPLETED"


def test_a_run_of_another_machine_cannot_be_judged_from_here() -> None:
    run = open_run(Running())
    hold_and_die(run)
    record = alive.records() / f"{run}.json"
    write_json(record, read_json(record) | {"host": "elsewhere"})
    assert run not in found()


def test_a_machine_that_was_started_again_took_its_runs_with_it() -> None:
    run = open_run(Running())
    hold_and_die(run)
    record = alive.records() / f"{run}.json"
    assert read_json(record)["host"] == socket.gethostname()
    write_json(record, read_json(record) | {"boot": "an earlier one"})
    assert "started again" in found()[run]


def test_a_run_without_a_record_is_gone_only_when_our_worker_claimed_it_long_ago() -> None:
    ours, theirs = open_run(Pending(), {WORKER_LABEL: worker_name()}), open_run(Running())
    assert not {ours, theirs} & set(found())
    late = {zombie.flow_run: zombie.why for zombie in find(claim_s=0.0)}
    assert "started no process" in late[ours]
    assert theirs not in late
    sweep(claim_s=0.0)


def test_the_command_lists_zombies_as_json() -> None:
    write_json(Path("params.yaml"), raw_params())
    run = open_run(Running())
    hold_and_die(run)
    command = [sys.executable, "-m", "flows.zombies", "--json"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path.cwd())
    assert run in [zombie["flow_run"] for zombie in json.loads(told.stdout)]
    assert set(json.loads(told.stdout)[0]) == {"flow_run", "name", "state", "since", "why"}
    sweep(CLAIM_S)


def test_without_a_server_there_is_nothing_to_find(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    command = [sys.executable, "-m", "flows.zombies"]
    told = subprocess.run([*command, "--json"], check=True, capture_output=True, text=True)
    assert json.loads(told.stdout) == []
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    assert said.stdout == "No Prefect server answers, so there are no flow runs to look at.\n"
