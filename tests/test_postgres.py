"""Runs where VFAL_TEST_POSTGRES_URL names a database (docs/operations.md, section 9)."""

import os
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
import sqlalchemy
from mlflow import MlflowClient

from vfal.tracking.address import resolve, why_silent
from vfal.tracking.store import Store

URL = os.environ.get("VFAL_TEST_POSTGRES_URL", "")
pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(not URL, reason="VFAL_TEST_POSTGRES_URL names no database"),
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
]


@pytest.fixture
def url() -> Iterator[str]:
    """A schema of its own in the database: MLflow and Optuna cannot share one."""
    schema = f"vfal_test_{os.getpid()}"
    engine = sqlalchemy.create_engine(URL, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE SCHEMA {schema}"))
        yield f"{URL}?options=-csearch_path%3D{schema}"
        connection.execute(sqlalchemy.text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


def test_two_workers_share_one_study(url: str) -> None:
    study = optuna.create_study(storage=url, study_name="shared")
    other = optuna.load_study(storage=url, study_name="shared")
    for worker in (study, other, study):
        worker.optimize(lambda trial: trial.suggest_float("margin", 0.1, 10, log=True), n_trials=1)
    assert [trial.number for trial in other.trials] == [0, 1, 2]


def test_mlflow_keeps_runs_in_it(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    address = resolve(url, tmp_path)
    assert why_silent(address) == ""
    store = Store(address, "vfal", {"vfal.checkout": "here"})
    run = store.client.create_run(store.experiment_id)
    store.client.log_metric(run.info.run_id, "accuracy", 0.75)
    assert MlflowClient(url).get_run(run.info.run_id).data.metrics == {"accuracy": 0.75}
