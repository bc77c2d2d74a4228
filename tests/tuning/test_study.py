import json
import shutil
import sqlite3
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest

from vfal.core.config.params import check_all, load_params, read_raw
from vfal.core.errors import ConfigError, DataError, DivergedError, MachineError
from vfal.core.files import read_json, write_json
from vfal.core.tables import read_table, write_table
from vfal.training.runs import run_retraining, run_warm_up, run_weighing
from vfal.tuning import objective, study
from vfal.tuning.database import open_study

from .conftest import Checkout

REPORT = Path("reports/tune/margin_keep_delta")


def trials() -> list[dict[str, Any]]:
    return list(read_json(REPORT / "study.json")["trials"])


def outcomes() -> list[tuple[Any, ...]]:
    return [(trial["state"], trial["values"], trial["value"], trial["reports"]) for trial in trials()]


def warm_ups() -> int:
    return len(list(Path(".state/tuning/warm_up").glob("*/state.safetensors")))


def test_the_first_trial_is_params_yaml_and_its_value_that_of_the_pipeline(checkout: Checkout) -> None:
    checkout(tune__trials=1, tune__objective__directions=["v2f"], tune__objective__seeds=[1, 2], seeds=[1, 2])
    study.tune()
    (trial,) = trials()
    assert trial["defaults"] and trial["values"]["methods.seeking_the_shape.margin"] == 3.4
    params = load_params()
    write_table(Path("data/raw/truth.parquet"), pd.DataFrame({"identity": [], "personalised": []}))
    run_warm_up(params, Path("models/warm_up"), Path("models/first"), stage="warm_up")
    run_weighing(params, Path("models/warm_up"), Path("models/weights"), stage="weigh_identities")
    run_retraining(params, Path("models/weights"), Path("models/main"), stage="retrain")
    found = [read_json(Path(f"models/main/seed_{seed}.json"))["validation_accuracy"] for seed in (1, 2)]
    assert trial["value"] == sum(found) / 2


def poison_the_test_split(folder: Path) -> None:
    """Make everything about test people wrong, or take it away."""
    for path in (folder / "data/prepared/trials").glob("test_*"):
        path.unlink()
    people = read_table(folder / "data/prepared/identities.parquet", [])
    unseen = set(people.loc[people["split"] == "test", "identity"])
    write_table(folder / "data/prepared/identities.parquet", people[people["split"] != "test"])
    for name in ("voices", "faces"):
        index = pd.read_parquet(folder / f"data/features/{name}.parquet")
        vectors = np.load(folder / f"data/features/{name}.npy")
        vectors[index["identity"].isin(unseen)] = np.nan
        np.save(folder / f"data/features/{name}.npy", vectors)


def test_a_study_without_the_test_split_is_the_same_study(checkout: Checkout) -> None:
    checkout("whole")
    study.tune(3)
    whole = outcomes()
    poison_the_test_split(checkout("poisoned"))
    study.tune(2)
    poisoned_half = outcomes()
    assert poisoned_half == whole[:2]
    # Begun with the test split and ended without it, it is one study still: its data did not change.
    poison_the_test_split(checkout("whole"))
    shutil.rmtree(".state")
    study.tune(3)
    assert outcomes() == whole


def test_another_validation_split_is_another_study(checkout: Checkout) -> None:
    folder = checkout(tune__trials=1)
    study.tune()
    path = folder / "data/prepared/trials/val_matching.parquet"
    write_table(path, read_table(path, []).iloc[::2])
    with pytest.raises(ConfigError, match="made on other training or validation data"):
        study.tune(1)


def test_resuming_adds_trials_and_draws_what_an_undisturbed_study_draws(checkout: Checkout) -> None:
    checkout("undisturbed")
    study.tune(5)
    undisturbed = outcomes()
    checkout("resumed")
    study.tune(2)
    study.tune(3)
    assert outcomes() == undisturbed
    drawn = [json.dumps(values) for _, values, _, _ in undisturbed]
    assert len(set(drawn)) == 5


def test_a_study_is_completed_to_its_number_of_trials_and_then_left_alone(checkout: Checkout) -> None:
    checkout(tune__trials=3)
    study.tune(1)
    study.tune()
    assert len(trials()) == 3
    study.tune()
    assert len(trials()) == 3


def test_warm_up_is_reused_by_trials_that_differ_in_later_phases_only(checkout: Checkout) -> None:
    later = {"keep_ratio": "weigh_identities.keep_ratio", "delta": "weigh_identities.decay"}
    space = {
        name: {"keys": {"seeking_the_shape": [key]}, "low": 0.7, "high": 1.0, "log": False}
        for name, key in later.items()
    }
    checkout(tune__space=space)
    study.tune(4)
    assert warm_ups() == 1 and len({trial["value"] for trial in trials()}) > 1
    checkout("margin")
    study.tune(4)
    assert warm_ups() == 4


def test_only_the_states_used_last_are_kept(checkout: Checkout) -> None:
    checkout(tune__warm_ups_kept=2)
    study.tune(4)
    assert warm_ups() == 2


def test_impossible_draws_are_recorded_as_infeasible_and_train_nothing(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 16 identities enter by 3 after the first 4: 0.6 is reached by update 3 at step 4, more later.
    checkout(weigh_identities__keep_ratio=0.6, weigh_identities__max_steps=5, tune__trials=6)
    study.tune()
    ended = {trial["state"] for trial in trials()}
    assert ended == {"complete", "infeasible"}
    for trial in trials():
        assert (trial["constraints"]["trainable"] > 0) is (trial["state"] == "infeasible")
        if trial["state"] == "infeasible":
            assert trial["reason"].startswith("impossible: ") and not trial["reports"]
    assert read_json(REPORT / "summary.json")["trials"]["infeasible"] >= 1


def test_a_study_without_any_value_is_one_sentence_and_keeps_its_record(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*_: Any) -> None:
        raise DivergedError("warm_up, step 3: the loss is not finite.")

    checkout()
    monkeypatch.setattr(objective, "warm_up", diverge)
    with pytest.raises(DataError, match=r"no trial has a value \(3 pruned\); reports/tune/.*/trials.csv"):
        study.tune()
    assert "diverged: warm_up, step 3" in (REPORT / "trials.csv").read_text()
    assert (REPORT / "proposal.diff").read_text() == ""


def test_a_trial_that_falls_behind_is_ended_at_a_validation(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout(tune__prune_after_trials=1, tune__prune_after_steps=0, tune__startup_trials=50)
    study.tune(8)
    behind = [trial for trial in trials() if trial["state"] == "pruned"]
    assert behind
    for trial in behind:
        assert trial["reason"] == f"behind at step {trial['reports'][-1][0]}" and trial["value"] is None


def test_seeds_follow_one_another_in_the_reports(checkout: Checkout) -> None:
    checkout(tune__trials=1, tune__objective__seeds=[1, 2])
    study.tune()
    assert [step for step, _ in trials()[0]["reports"]] == [4, 8, 12, 16, 20, 24]


def test_a_killed_trial_is_tried_again_once_with_the_same_values(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout(tune__trials=3)
    tune = load_params().tune
    drawn = {"margin": 2.0, "keep_ratio": 0.75, "delta": 0.95}
    made = open_study(tune, new={}, first=drawn)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # heartbeats are meant for `optimize`
        for _ in range(2):
            killed = made.ask()
            assert killed.suggest_float("margin", 0.5, 20.0, log=True) == 2.0
            made._storage.record_heartbeat(killed._trial_id)  # type: ignore[attr-defined]
            with sqlite3.connect(".state/tuning/optuna.db") as database:
                database.execute("UPDATE trial_heartbeats SET heartbeat = datetime('now', '-1 hour')")
            optuna.storages.fail_stale_trials(made)
    ended = [(trial.state.name, trial.params) for trial in made.trials]
    assert ended == [("FAIL", {"margin": 2.0})] * 2


def test_an_interrupted_trial_is_tried_again_by_the_next_call(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout(tune__trials=2)
    real = objective.retrain

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(objective, "retrain", interrupt)
    with pytest.raises(KeyboardInterrupt):
        study.tune()
    monkeypatch.setattr(objective, "retrain", real)
    study.tune()
    ended = [(trial["state"], trial["defaults"], trial["retry_of"]) for trial in trials()]
    assert ended == [("fail", True, None), ("complete", True, 0), ("complete", False, None)]
    assert not list(Path(".state/tuning/trials/margin_keep_delta").glob("*"))


def test_two_workers_share_one_study(checkout: Checkout) -> None:
    checkout()
    vfal = [sys.executable, "-c", "from vfal.start import main; main()", "tune", "--trials", "1"]
    workers = [
        subprocess.Popen(vfal, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)
    ]
    told = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], told
    study.show()
    done = trials()
    assert [trial["state"] for trial in done] == ["complete", "complete"]
    assert [trial["number"] for trial in done if trial["defaults"]] == [0]
    assert len({json.dumps(trial["values"]) for trial in done}) == len(done)


def test_pictures_and_tables_are_written(
    checkout: Checkout, pictures: None, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout(tune__trials=3)
    study.tune()
    written = {path.name for path in REPORT.iterdir()}
    assert written >= {"study.json", "summary.json", "trials.csv", "proposal.diff"}
    assert written >= {"history.png", "importances.png", "slice.png", "contour.png"}
    table = pd.read_csv(REPORT / "trials.csv")
    assert list(table["trial"]) == list(range(3)) and "weigh_identities.decay" in table
    said = capsys.readouterr().out
    assert "study margin_keep_delta" in said and "defaults" in said and "was not updated" in said


def test_a_database_that_does_not_answer_is_one_sentence(checkout: Checkout) -> None:
    checkout(tune__storage="postgresql+psycopg2://tuner:secret@127.0.0.1:9/studies")
    with pytest.raises(MachineError, match=r"tune.storage, .*: the database does not answer") as caught:
        study.tune()
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"no database at all" * 100, None])
def test_a_damaged_database_is_one_sentence_and_is_left_as_it_is(
    checkout: Checkout, content: bytes | None
) -> None:
    path = checkout(tune__trials=1) / ".state/tuning/optuna.db"
    if content is None:
        study.tune()
        content = path.read_bytes()[:8192] + b"\0" * 40_000
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(MachineError, match=r"tune.storage, sqlite:///.*optuna.db: ") as caught:
        study.tune(1)
    assert "\n" not in str(caught.value) and path.read_bytes()[:1000] == content[:1000]


def test_showing_a_study_that_is_not_there_names_the_nearest(checkout: Checkout) -> None:
    checkout(tune__trials=1)
    study.tune()
    checkout(tune__study="margin_keep_delat")
    with pytest.raises(ConfigError, match=r"no study .* Did you mean 'margin_keep_delta'"):
        study.show()


def test_features_made_under_other_parameters_are_refused_before_any_trial(checkout: Checkout) -> None:
    folder = checkout()
    made = {key: load_params().model_dump(mode="json")[key] for key in ("pretrain", "embed")}
    made["embed"]["voice_s"] = 9.0
    write_json(folder / "dvc.lock", {"stages": {"embed": {"params": {"params.yaml": made}}}})
    with pytest.raises(ConfigError, match=r"params.yaml, embed: has changed since stage embed ran"):
        study.tune()
    assert not (folder / ".state/tuning").exists()


def test_a_study_is_not_continued_under_other_parameters(checkout: Checkout) -> None:
    checkout(tune__trials=1)
    study.tune()
    checkout(tune__trials=2, retrain__steps=16)
    with pytest.raises(ConfigError, match=r"made with retrain.steps 12, params.yaml has 16"):
        study.tune()
    assert check_all(read_raw(Path("params.yaml"))).retrain.steps == 16
