import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flows.train import stage, sync, train
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from vfal.core.config.params import load_params
from vfal.core.errors import BusyError, ConfigError, MachineError
from vfal.core.files import write_json
from vfal.core.state import only_one
from vfal.dvc_stages import stages_in_order, tool_environment

from ..tiny_params import raw_params
from .conftest import wait_for, wait_until_alone

pytestmark = [
    pytest.mark.usefixtures("prefect_api"),
    pytest.mark.filterwarnings("ignore:_NoneStep.value will soon:DeprecationWarning"),  # dvc's, of pygtrie
]


def attempts(project: Path, output: str) -> int:
    return len((project / f"attempts-{output}").read_text())


def progress() -> Any:
    which = ArtifactFilter(key=ArtifactFilterKey(any_=["stages"]))
    with get_client(sync_client=True) as client:
        return max(client.read_artifacts(artifact_filter=which), key=lambda one: one.created)


def test_what_dvc_did_with_a_stage_is_the_state_of_its_task(project: Path) -> None:
    assert train() == {"first": "ran", "second": "ran", "third@one": "ran"}
    assert progress().data == 100.0
    assert train() == {"first": "Skipped", "second": "Skipped", "third@one": "Skipped"}
    (project / "source.txt").write_text("2")
    assert train(targets=["second"]) == {"first": "ran", "second": "ran"}
    (project / "source.txt").write_text("1")
    assert train(targets=["first"]) == {"first": "FromCache"}
    assert train(targets=["third"], force=True) == {"third@one": "ran"}


def test_a_stage_that_fails_once_is_tried_again_and_the_run_goes_on(project: Path) -> None:
    (project / "trouble-second.txt").write_text("once")
    assert train(targets=["second"]) == {"first": "ran", "second": "ran"}
    assert attempts(project, "second.txt") == 1


def test_a_stage_that_goes_on_failing_ends_the_run_with_its_own_last_words(project: Path) -> None:
    (project / "trouble-second.txt").write_text("always")
    with pytest.raises(MachineError, match=r"stage second: .*the disk went away"):
        train(targets=["second"])
    assert attempts(project, "second.txt") == 2


def test_what_somebody_has_to_put_right_is_not_tried_again(project: Path) -> None:
    (project / "trouble-second.txt").write_text("refused")
    with pytest.raises(MachineError, match=r"retrain.steps: found 0"):
        train(targets=["second"])
    assert attempts(project, "second.txt") == 1


def test_a_stage_that_takes_too_long_is_stopped_with_everything_it_started(project: Path) -> None:
    params = raw_params(flows__stage_timeout_s=6, flows__retries=0)
    write_json(project / "params.yaml", params)
    (project / "trouble-second.txt").write_text("hang")
    with pytest.raises(TimeoutError):
        train(targets=["second"])
    assert wait_until_alone(project) == []


def test_a_timeout_reaches_a_stage_that_runs_in_a_thread_too(project: Path) -> None:
    (project / "trouble-first.txt").write_text("hang")

    @flow(name="threads")
    def threads() -> None:
        stage.with_options(timeout_seconds=6).submit("first", False).result()

    with pytest.raises(TimeoutError):
        threads()
    assert wait_until_alone(project) == []


def test_a_second_run_says_who_is_at_it(project: Path) -> None:
    with (
        only_one("repro", "test"),
        pytest.raises(BusyError, match=r"flow train: process .* is at it already"),
    ):
        train()


def test_a_stage_that_another_dvc_is_running_is_one_clear_refusal(project: Path) -> None:
    (project / "trouble-second.txt").write_text("hang")
    dvc = [str(Path(sys.executable).with_name("dvc")), "repro", "--quiet"]
    other = subprocess.Popen(dvc, env=tool_environment())
    try:
        wait_for(project / "hanging")
        with pytest.raises(BusyError, match="another run is at work"):
            train(targets=["second"])
    finally:
        other.kill()
        other.wait()
    assert wait_until_alone(project) == []


def test_what_the_mirror_says_is_a_line_in_the_log(project: Path, caplog: pytest.LogCaptureFixture) -> None:
    flow(name="mirrors")(sync)()
    assert "Nothing to mirror to MLflow yet" in caplog.text


def test_an_unknown_target_is_refused_with_the_nearest_stage(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"stage 'secnd': not in dvc.yaml. Did you mean 'second'\?"):
        train(targets=["secnd"])


def test_stages_are_chosen_by_what_they_need(project: Path) -> None:
    assert stages_in_order(project) == ["first", "second", "third@one"]
    assert stages_in_order(project, ["second"]) == ["first", "second"]
    assert stages_in_order(project, ["third"]) == ["third@one"]


def test_retries_and_timeouts_come_from_params(project: Path) -> None:
    assert load_params().flows.retries == 1
    assert stage.retries == 0
