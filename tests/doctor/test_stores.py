import sqlite3
import subprocess
from pathlib import Path

import pytest

from vfal.core.files import write_json
from vfal.doctor import stores
from vfal.doctor.finding import Visit

from ..tiny_params import raw_params
from .conftest import told


def database(path: Path, rows: int = 2000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE runs (name TEXT)")
    connection.executemany("INSERT INTO runs VALUES (?)", [(f"run {row}",) for row in range(rows)])
    connection.commit()
    connection.close()
    return path


def test_sound_databases_are_listed(checkout: Path, visit: Visit) -> None:
    assert told(stores.databases(visit)) == [("ok", "none yet")]
    database(checkout / "mlflow.db")
    database(checkout / ".state/tuning/optuna.db")
    assert told(stores.databases(visit)) == [("ok", "mlflow.db, optuna.db sound")]


def test_a_damaged_database_is_named_with_what_to_do(checkout: Path, visit: Visit) -> None:
    path = database(checkout / "mlflow.db")
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\0" * 4096 + whole[12288:])
    [finding] = stores.databases(visit)
    assert finding.level == "no" and finding.found.startswith("mlflow.db: ")
    assert "`vfal sync` writes what is on disk" in finding.todo
    path.write_bytes(b"not sqlite" * 1000)
    assert told(stores.databases(visit)) == [("no", "mlflow.db: file is not a database")]


def test_an_mlflow_that_does_not_answer_is_no_failure(checkout: Path) -> None:
    write_json(checkout / "params.yaml", raw_params(tracking__uri="http://127.0.0.1:9"))
    [finding] = stores.tracking(Visit(checkout))
    assert finding.level == "warn" and "does not answer" in finding.found and "vfal sync" in finding.todo


def test_without_a_remote_data_are_on_this_machine_alone(visit: Visit) -> None:
    assert told(stores.remotes(visit)) == [("ok", "none: data and models are on this machine alone")]


def test_a_remote_folder_must_exist_and_a_remote_store_needs_its_package_and_keys(
    checkout: Path, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores.importlib.util, "find_spec", lambda name: None)
    (checkout / "store").mkdir()
    (checkout / ".dvc/config").write_text(
        "[core]\n    remote = here\n"
        "['remote \"here\"']\n    url = ../store\n"
        "['remote \"disk\"']\n    url = ../unplugged\n"
        "['remote \"cloud\"']\n    url = s3://bucket/vfal\n"
    )
    assert told(stores.remotes(visit)) == [
        ("ok", "here: ../store"),
        ("warn", "disk: ../unplugged: no such folder"),
        ("no", "cloud: s3://bucket/vfal: dvc_s3 is not installed"),
    ]
    monkeypatch.setattr(stores.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setenv("HOME", str(checkout))
    for name in stores.CREDENTIALS["s3"][1]:
        monkeypatch.delenv(name, raising=False)
    assert told(stores.remotes(visit))[-1] == ("warn", "cloud: s3://bucket/vfal: no keys found")
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert stores.remotes(visit)[-1].level == "ok"


def test_what_is_not_committed_is_named(checkout: Path, visit: Visit) -> None:
    assert stores.git(visit)[0].level == "warn"  # no repository at all
    subprocess.run(["git", "init", "-q"], cwd=checkout, check=True)
    assert told(stores.git(visit)) == [("warn", "3 not committed: .dvc/, constraints.txt, params.yaml")]
    (checkout / ".gitignore").write_text("*\n")
    assert told(stores.git(visit)) == [("ok", "everything is committed")]
