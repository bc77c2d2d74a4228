"""Runs where VFAL_TEST_POSTGRES_URL names an empty database (docs/operations.md, section 9)."""

import os

import optuna
import pytest
from mlflow import MlflowClient

from vfal.tracking.address import resolve, why_silent
from vfal.tracking.store import Store

URL = os.environ.get("VFAL_TEST_POSTGRES_URL", "")
pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(not URL, reason="VFAL_TEST_POSTGRES_URL names no database"),
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
]


def test_two_workers_share_one_study() -> None:
    study = optuna.create_study(storage=URL, study_name=f"shared {os.getpid()}")
    other = optuna.load_study(storage=URL, study_name=study.study_name)
    for worker in (study, other, study):
        worker.optimize(lambda trial: trial.suggest_float("margin", 0.1, 10, log=True), n_trials=1)
    assert [trial.number for trial in other.trials] == [0, 1, 2]
    optuna.delete_study(study_name=study.study_name, storage=URL)


def test_mlflow_keeps_runs_in_it(tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    address = resolve(URL, tmp_path)  # type: ignore[arg-type]
    assert why_silent(address) == ""
    store = Store(address, f"postgres {os.getpid()}", {"vfal.checkout": "here"})
    run = store.client.create_run(store.experiment_id)
    store.client.log_metric(run.info.run_id, "accuracy", 0.75)
    assert MlflowClient(URL).get_run(run.info.run_id).data.metrics == {"accuracy": 0.75}
