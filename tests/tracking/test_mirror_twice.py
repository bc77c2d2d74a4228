import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from vfal.core.config.params import check, with_overrides
from vfal.core.files import read_json, write_json, write_text
from vfal.tracking.currency import dvc_md5
from vfal.tracking.mirror import sync
from vfal.tracking.provenance import read_lock
from vfal.tracking.store import FINGERPRINT

from .stored_runs import METHOD, RUNS, all_runs, run_named


def dump_lock(folder: Path, stages: dict) -> None:
    text = io.StringIO()
    YAML().dump({"schema": "2.0", "stages": stages}, text)
    write_text(folder / "dvc.lock", text.getvalue())


@pytest.mark.usefixtures("without_model", "without_figures")
class TestTwice:
    def test_a_second_sync_adds_nothing_and_does_not_import_mlflow(self, params, client, checkout):
        sync(params)
        code = (
            "import json, sys\n"
            "from vfal.core.config.params import check\n"
            "from vfal.tracking.mirror import sync\n"
            "print(sync(check(json.load(sys.stdin))))\n"
            "print([name for name in ('mlflow', 'torch', 'pandas') if name in sys.modules])\n"
        )
        raw = json.dumps(params.model_dump(by_alias=True))
        done = subprocess.run(
            [sys.executable, "-c", code], input=raw, capture_output=True, text=True, check=True
        )
        assert "holds this state already" in done.stdout
        assert done.stdout.splitlines()[-1] == "[]"
        assert len(all_runs(client)) == 8

    def test_a_second_look_finds_every_run_by_its_fingerprint(self, params, client):
        sync(params)
        assert "0 run(s) added, 8 there already" in sync(params, again=True)
        assert len(all_runs(client)) == 8

    def test_a_database_that_was_deleted_is_not_taken_for_filled(self, params, client, checkout):
        sync(params)
        (checkout / "mlflow.db").unlink()
        assert "holds this state already" not in sync(params)

    def test_a_changed_phase_makes_new_runs_and_the_old_ones_stay(self, params, client, checkout):
        sync(params)
        old = run_named(client, "pretrain").info.run_id
        path = checkout / f"reports/evaluate/{METHOD}.json"
        write_json(path, {**read_json(path), "matching_1_2/v2f/all/accuracy": 0.9})
        assert "2 run(s) added, 6 there already" in sync(params)
        runs = all_runs(client)
        assert len(runs) == 10
        values = {
            run.data.metrics["matching_1_2/v2f/all/accuracy"]
            for run in runs
            if run.info.run_name == f"evaluate@{METHOD}"
        }
        assert values == {0.83, 0.9}
        newest = max((r for r in runs if r.info.run_name == "pipeline"), key=lambda r: r.info.start_time)
        assert newest.data.tags["vfal.run.pretrain"] == old

    def test_a_phase_that_is_being_made_again_waits_and_so_does_the_parent(self, params, client, checkout):
        lock = read_lock()
        lock["retrain"]["outs"] = [{"path": f"models/trained/{METHOD}", "md5": "of the whole.dir"}]
        lock["compare"]["deps"] = [{"path": "models/trained", "md5": dvc_md5(checkout / "models/trained")}]
        dump_lock(checkout, lock)
        assert "6 run(s) added" in sync(params)
        names = {run.info.run_name for run in all_runs(client)}
        assert names == RUNS - {"pipeline", "retrain"}
        lock["retrain"]["outs"][0]["md5"] = dvc_md5(checkout / f"models/trained/{METHOD}")
        dump_lock(checkout, lock)
        assert "2 run(s) added, 6 there already" in sync(params)
        parent = run_named(client, "pipeline").info.run_id
        assert {run.data.tags.get("mlflow.parentRunId") for run in all_runs(client)} == {None, parent}

    def test_what_dvc_restored_from_its_cache_is_mirrored_like_what_ran(
        self, params, small_raw, checkout, empty_database
    ):
        from mlflow import MlflowClient

        sync(params)
        path = checkout / f"reports/evaluate/{METHOD}.json"
        old = path.read_bytes()
        write_json(path, {**read_json(path), "matching_1_2/v2f/all/accuracy": 0.9})
        sync(params)
        path.write_bytes(old)  # as DVC's run cache does: no stage ran, and no MLflow was told
        shutil.copyfile(empty_database, checkout / "other.db")
        elsewhere = check(with_overrides(small_raw, {"tracking.uri": "sqlite:///other.db"}))
        assert "8 run(s) added" in sync(elsewhere)
        restored = run_named(MlflowClient(f"sqlite:///{checkout}/other.db"), f"evaluate@{METHOD}")
        assert restored.data.metrics["matching_1_2/v2f/all/accuracy"] == pytest.approx(0.83)

    def test_a_store_that_was_emptied_is_not_taken_for_filled(self, params, client, checkout, empty_database):
        sync(params)
        shutil.copyfile(empty_database, checkout / "mlflow.db")
        assert "8 run(s) added" in sync(params)

    def test_a_sync_that_was_killed_is_completed(self, params, client, monkeypatch):
        class Killed(BaseException):
            pass

        from vfal.tracking.store import Store

        fill = Store.fill

        def dies_at_retrain(self, run, planned, *rest):
            fill(self, run, planned, *rest)
            if planned.name == "retrain":
                raise Killed

        monkeypatch.setattr(Store, "fill", dies_at_retrain)
        with pytest.raises(Killed):
            sync(params)
        assert {run.info.status for run in all_runs(client)} == {"RUNNING", "FINISHED"}
        monkeypatch.setattr(Store, "fill", fill)
        sync(params)
        assert len(all_runs(client)) == 8
        assert {run.info.status for run in all_runs(client)} == {"FINISHED"}
        history = client.get_metric_history(run_named(client, "retrain").info.run_id, "seed_1/loss")
        assert len(history) == 4

    def test_a_broken_off_run_of_a_state_that_is_gone_is_ended(self, params, client, checkout):
        sync(params)
        run = run_named(client, "retrain")
        stale = client.create_run(
            run.info.experiment_id,
            tags={**run.data.tags, FINGERPRINT: "of another state"},
            run_name="retrain",
        )
        foreign = client.create_run(run.info.experiment_id, run_name="somebody else's")
        assert "1 broken off ended" in sync(params, again=True)
        assert client.get_run(stale.info.run_id).info.status == "KILLED"
        assert client.get_run(foreign.info.run_id).info.status == "RUNNING"
