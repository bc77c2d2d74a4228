import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from vfal import leaderboard
from vfal.core.errors import ConfigError, MachineError
from vfal.shelf_maps import stages_of

from .tiny_params import tiny_params

PARAMS = tiny_params()
MODELS = list(PARAMS.train_method.models)
DATA, TABLE = "embed validate", "--single-item leaderboard/dvc.yaml:leaderboard"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, repository: Path, tmp_path: Path) -> list[str]:
    """What dvc is asked to do, in the order it began; nothing is run, and every model scores 0.8125."""
    asked: list[str] = []
    monkeypatch.chdir(repository)
    monkeypatch.setenv("VFAL_STATE", str(tmp_path))
    monkeypatch.setattr(leaderboard, "load_params", tiny_params)
    monkeypatch.setattr(leaderboard, "write_maps", lambda params, folder: [])
    monkeypatch.setattr(leaderboard, "mend_locks", lambda folder: [])
    monkeypatch.setattr(leaderboard, "_stale", lambda params, models: models)
    monkeypatch.setattr(leaderboard, "_repro", lambda arguments: asked.append(" ".join(arguments)))
    monkeypatch.setattr(leaderboard, "run_stage", lambda name, folder, say: asked.append(name))
    monkeypatch.setattr(leaderboard, "read_json", lambda path: {PARAMS.leaderboard.sort_by: 0.8125})
    monkeypatch.setattr("vfal.tracking.mirror.sync", lambda params: "mirrored")
    return asked


def test_data_come_first_then_every_model_then_the_table(asked: list[str]) -> None:
    leaderboard.run_leaderboard(2)
    assert asked[0] == DATA and asked[-1] == TABLE
    stages = asked[1:-1]
    assert Counter(stages) == Counter(stage for name in MODELS for stage in stages_of(PARAMS, name))
    for name in MODELS:
        trained, evaluated = map(stages.index, stages_of(PARAMS, name))
        assert trained < evaluated


def test_every_model_that_is_done_has_a_line(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    leaderboard.run_leaderboard(1, MODELS[:1])
    assert f"{MODELS[0]}  0.812     0 s\n" in capsys.readouterr().out
    monkeypatch.setattr(leaderboard, "read_json", lambda path: {})
    leaderboard.run_leaderboard(1, MODELS[:1])
    assert f"{MODELS[0]}      -     0 s\n" in capsys.readouterr().out


def test_a_model_that_fails_is_told_and_the_others_are_done_all_the_same(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(name: str, folder: Path, say: Any) -> None:
        asked.append(name)
        if name.endswith(f"train_method@{MODELS[0]}"):
            raise MachineError("the disk went away")

    monkeypatch.setattr(leaderboard, "run_stage", failing)
    with pytest.raises(MachineError, match=f"1 of {len(MODELS)} models failed: {MODELS[0]}; see above"):
        leaderboard.run_leaderboard(2)
    assert "failed: the disk went away\n" in capsys.readouterr().out
    assert len(asked) == 1 + 2 * len(MODELS) - 1 and TABLE not in asked  # it was not evaluated


def test_who_interrupts_a_run_does_not_get_the_models_that_had_not_begun(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    began, cancelled = Event(), Event()

    def waiting(name: str, folder: Path, say: Any) -> None:
        asked.append(name)
        began.set()
        assert cancelled.wait(30)

    def interrupted(futures: dict[Future[float], str]) -> Iterator[Future[float]]:
        assert began.wait(30)
        raise KeyboardInterrupt
        yield

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            cancelled.set()
            super().shutdown(wait=wait)

    monkeypatch.setattr(leaderboard, "run_stage", waiting)
    monkeypatch.setattr(leaderboard, "as_completed", interrupted)
    monkeypatch.setattr(leaderboard, "ThreadPoolExecutor", Pool)
    with pytest.raises(KeyboardInterrupt):
        leaderboard.run_leaderboard(1)
    assert asked[1:] == stages_of(PARAMS, MODELS[0])


def test_some_models_alone_make_no_table_but_go_to_mlflow(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    leaderboard.run_leaderboard(1, MODELS[1:2])
    assert asked == [DATA, *stages_of(PARAMS, MODELS[1])]
    said = capsys.readouterr().out
    assert "mirrored" in said and "waits for all models" in said


def test_a_model_that_params_do_not_have_is_refused_before_any_work(asked: list[str]) -> None:
    with pytest.raises(ConfigError, match="no model 'fvcne'"):
        leaderboard.run_leaderboard(1, ["fvcne"])
    assert not asked


def test_models_that_are_fresh_are_not_asked_one_by_one(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaderboard, "_stale", lambda params, models: models[3:4])
    leaderboard.run_leaderboard(2)
    assert asked[1:-1] == stages_of(PARAMS, MODELS[3])


def test_dvc_says_which_models_are_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = MODELS[:3]
    said = {stages_of(PARAMS, second)[1]: [], stages_of(PARAMS, first)[0]: []}
    answer = ["sh", "-c", f"echo '{json.dumps(said)}'"]
    monkeypatch.setattr(leaderboard, "dying_with_this_process", lambda command: answer)
    assert leaderboard._stale(PARAMS, [first, third, second]) == [first, second]
    monkeypatch.setattr(leaderboard, "dying_with_this_process", lambda command: ["sh", "-c", "exit 3"])
    with pytest.raises(MachineError, match="exit code 3"):
        leaderboard._stale(PARAMS, [first])
