import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from vfal import leaderboard
from vfal.core.errors import ConfigError, MachineError
from vfal.shelf_maps import stages_of

from .tiny_params import tiny_params

MODELS = list(tiny_params().train_method.models)
STAGES = ("train_method", "evaluate_method")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, repository: Path, tmp_path: Path) -> list[list[str]]:
    """What dvc is asked to do, in the order it began; nothing is run."""
    asked: list[list[str]] = []
    monkeypatch.chdir(repository)
    monkeypatch.setenv("VFAL_STATE", str(tmp_path))
    monkeypatch.setattr(leaderboard, "load_params", tiny_params)
    monkeypatch.setattr(leaderboard, "_repro", lambda arguments: asked.append([*arguments]))
    monkeypatch.setattr(leaderboard, "_stale", lambda params, models: models)
    monkeypatch.setattr(leaderboard, "write_maps", lambda params, folder: [])
    monkeypatch.setattr(leaderboard, "mend_locks", lambda folder: [])
    monkeypatch.setattr("vfal.tracking.mirror.sync", lambda params: "nothing to mirror")
    return asked


def test_data_come_first_then_every_model_then_the_table(asked: list[list[str]]) -> None:
    leaderboard.run_leaderboard(1)
    assert asked[0] == ["embed", "validate"]
    assert asked[-1] == ["--single-item", "leaderboard/dvc.yaml:leaderboard"]
    stages = [target.rpartition(":")[2] for arguments in asked[1:-1] for target in arguments[1:]]
    assert Counter(stages) == Counter(f"{one}@{name}" for name in MODELS for one in STAGES)
    assert all(stages.index(f"{STAGES[0]}@{name}") < stages.index(f"{STAGES[1]}@{name}") for name in MODELS)


def test_a_model_that_fails_is_told_when_the_others_are_done(
    asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(arguments: Sequence[str]) -> None:
        asked.append([*arguments])
        if any(f"train_method@{MODELS[0]}" in target for target in arguments):
            raise MachineError("dvc repro ended with exit code 1; the reason stands above.")

    monkeypatch.setattr(leaderboard, "_repro", failing)
    with pytest.raises(MachineError, match="exit code 1"):
        leaderboard.run_leaderboard(2)
    assert len(asked) == 1 + len(MODELS)  # but not the table


def test_some_models_alone_make_no_table(asked: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    leaderboard.run_leaderboard(1, MODELS[1:2])
    stages = [target.rpartition(":")[2] for arguments in asked[1:] for target in arguments[1:]]
    assert stages == [f"train_method@{MODELS[1]}", f"evaluate_method@{MODELS[1]}"]
    assert "waits for all models" in capsys.readouterr().out


def test_a_model_that_params_do_not_have_is_refused_before_any_work(asked: list[list[str]]) -> None:
    with pytest.raises(ConfigError, match="no model 'fvcne'"):
        leaderboard.run_leaderboard(1, ["fvcne"])
    assert not asked


def test_models_that_are_fresh_are_not_asked_one_by_one(
    asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaderboard, "_stale", lambda params, models: models[3:4])
    leaderboard.run_leaderboard(2)
    stages = [target.rpartition(":")[2] for arguments in asked[1:-1] for target in arguments[1:]]
    assert stages == [f"{stage}@{MODELS[3]}" for stage in STAGES]


def test_dvc_says_which_models_are_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    params, (first, second, third) = tiny_params(), MODELS[:3]
    said = {stages_of(params, second)[1]: [], stages_of(params, first)[0]: []}
    answer = ["sh", "-c", f"echo '{json.dumps(said)}'"]
    monkeypatch.setattr(leaderboard, "dying_with_this_process", lambda command: answer)
    assert leaderboard._stale(params, [first, third, second]) == [first, second]
    monkeypatch.setattr(leaderboard, "dying_with_this_process", lambda command: ["sh", "-c", "exit 3"])
    with pytest.raises(MachineError, match="exit code 3"):
        leaderboard._stale(params, [first])
