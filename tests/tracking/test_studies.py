from pathlib import Path
from typing import Any

import pytest

from vfal.core.config.params import Params
from vfal.core.files import write_json, write_text
from vfal.tracking.studies import mirror_studies, mirror_study

FOLDER, KEY = Path("reports/tune/words"), "methods.seeking_the_shape.margin"


def trial(number: int, state: str, value: float | None, margin: float) -> dict[str, Any]:
    return {
        "number": number, "state": state, "value": value, "values": {KEY: margin},
        "reports": [[20, 0.5], [40, 0.6]] if state != "infeasible" else [], "reason": "", "seconds": 3.5,
    }  # fmt: skip


def write_study(*trials: dict[str, Any]) -> None:
    study = {
        "study": "words",
        "depends_on": {"warm_up.steps": "60"},
        "objective": {"directions": ["v2f"], "seeds": [1]},
        "space": {"margin": [KEY]},
        "trials": list(trials),
    }
    write_json(FOLDER / "study.json", study)
    summary = {"best_value": 0.7, "default_value": 0.65, "gain": 0.05, "values": trials[0]["values"]}
    write_json(FOLDER / "summary.json", summary)
    write_text(FOLDER / "history.png", "a picture")


FIRST = (trial(0, "complete", 0.65, 3.4), trial(1, "pruned", None, 9.0), trial(2, "infeasible", None, 1.0))


def runs(folder: Path) -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return list(client.search_runs(experiments))


def test_a_study_is_one_run_with_one_nested_below_it_for_every_finished_trial(
    checkout: Path, params: Params
) -> None:
    write_study(*FIRST, trial(3, "running", None, 2.0), trial(4, "fail", None, 2.0))
    assert "study words, 4 run(s) added" in mirror_study(params, FOLDER)
    found = {run.info.run_name: run for run in runs(checkout)}
    assert set(found) == {"tune words", "trial 0", "trial 1", "trial 2"}
    parent = found.pop("tune words")
    assert parent.data.metrics["tune/gain"] == 0.05 and parent.info.status == "FINISHED"
    for run in found.values():
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id and run.info.status == "FINISHED"
        assert run.info.experiment_id == parent.info.experiment_id
    best = found["trial 0"].data
    assert best.metrics["tune/validation_accuracy"] == 0.65 and best.metrics["tune/report"] == 0.6
    assert best.params == {KEY: "3.4"}
    assert found["trial 2"].data.tags["vfal.trial"] == "infeasible"
    assert "tune/validation_accuracy" not in found["trial 1"].data.metrics


def test_mirroring_again_adds_nothing_and_new_trials_are_added_to_the_same_study(
    checkout: Path, params: Params
) -> None:
    write_study(*FIRST)
    mirror_study(params, FOLDER)
    assert mirror_studies(params) == [mirror_study(params, FOLDER)]
    assert "0 run(s) added" in mirror_study(params, FOLDER)
    write_study(*FIRST, trial(3, "complete", 0.7, 2.0))
    assert "1 run(s) added" in mirror_study(params, FOLDER)
    assert len(runs(checkout)) == 5
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{checkout}/mlflow.db")
    parent = next(run for run in runs(checkout) if run.info.run_name == "tune words")
    kept = {item.path for item in client.list_artifacts(parent.info.run_id)}
    assert kept == {"study.json", "summary.json", "history.png"}


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "sqlite:///params.yaml"])
def test_an_mlflow_that_cannot_be_written_is_a_note(
    checkout: Path, params: Params, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_study(*FIRST)
    write_text(Path("params.yaml"), "no database\n" * 100)
    dead = params.model_copy(update={"tracking": params.tracking.model_copy(update={"uri": uri})})
    said = mirror_study(dead, FOLDER)
    assert "was not updated" in said and "`vfal sync` fills in later" in said
