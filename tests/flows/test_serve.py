"""Prefect itself, with the versions that are installed: it starts, it schedules, it runs, it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flows.server import API, address_file, api_of, free_port
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.schedules import CronSchedule

from vfal.core.files import read_json, write_json

from ..tiny_params import raw_params
from .conftest import make_project, wait_for, wait_until_alone

START_S = 120


@flow(name="nightly-work")
def nightly_work() -> None:
    """Stands for any flow."""


def test_the_server_of_the_installed_versions_can_be_imported() -> None:
    import prefect.server.api.server as server

    assert callable(server.create_app)


def test_a_deployment_with_a_cron_gets_a_scheduled_run(prefect_api: str) -> None:
    # fastapi and sqlalchemy newer than our pins leave everything working but this (decision 0001).
    with get_client(sync_client=True) as client:
        deployment = client.create_deployment(
            client.create_flow(nightly_work), "cron", schedules=[{"schedule": CronSchedule(cron="0 2 * * *")}]
        )
        which = DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
        deadline = time.monotonic() + START_S
        while not (runs := client.read_flow_runs(deployment_filter=which)):
            assert time.monotonic() < deadline, "the scheduler made no run"
            time.sleep(0.2)
    assert {run.state.type.value for run in runs if run.state} == {"SCHEDULED"}


@pytest.fixture
def served(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A checkout with one deployment, being served; (process, API)."""
    for name in (API, "PREFECT_HOME"):
        monkeypatch.delenv(name, raising=False)
    make_project(tmp_path, monkeypatch)
    port = free_port()
    write_json(tmp_path / "params.yaml", raw_params(flows__port=port))
    (tmp_path / "flows").symlink_to(repository / "flows")
    monkeypatch.setenv("PYTHONPATH", f"{repository}{os.pathsep}{repository / 'src'}")
    plan = (repository / "prefect.yaml").read_text(encoding="utf-8")
    head, _, _ = plan.partition("  - name: nightly")  # train/manual alone; the other flows are not the matter
    (tmp_path / "prefect.yaml").write_text(head.replace("schedules: []", 'schedules: [{cron: "0 2 * * *"}]'))
    process = subprocess.Popen(command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process, api_of(port)
    finally:
        process.kill()
        process.communicate()


def command() -> list[str]:
    return [sys.executable, "-m", "flows.serve"]


def read_until(process: Any, words: str) -> str:
    """What the process says, up to the line with `words`."""
    said = ""
    while words not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return said


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to find the processes of a checkout")
def test_one_command_serves_a_checkout_and_its_death_takes_everything_along(
    served: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, api = served
    said = read_until(process, "Ctrl-C ends it all")
    assert "train/manual" in said and "next at" in said
    assert read_json(address_file())["url"] == api

    second = subprocess.run(command(), check=False, capture_output=True, text=True)
    assert second.returncode == 1
    assert f"serving flows at {api}: process {process.pid} is at it already" in second.stderr
    assert second.stderr.count("\n") == 1

    (tmp_path / "trouble-second.txt").write_text("hang")
    prefect = str(Path(sys.executable).with_name("prefect"))
    monkeypatch.setenv(API, api)
    subprocess.run([prefect, "deployment", "run", "train/manual"], check=True, capture_output=True)
    wait_for(tmp_path / "hanging")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert wait_until_alone(tmp_path) == []
    assert len(list((tmp_path / ".state/flows").glob("*.lock"))) == 1
    assert UUID(next((tmp_path / ".state/flows").glob("*.lock")).stem)
