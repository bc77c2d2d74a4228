import io
import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

from vfal.core.config.params import Params, check, with_overrides
from vfal.core.errors import ConfigError
from vfal.core.files import read_json, write_json, write_text
from vfal.tracking.currency import dvc_md5
from vfal.tracking.mirror import sync
from vfal.tracking.patience import BOUNDED
from vfal.tracking.provenance import read_lock
from vfal.tracking.store import FINGERPRINT
from vfal.tracking.system import samples_of, watched

METHOD = "seeking_the_shape"
RUNS = {
    "pipeline", "pretrain", "warm_up", "weigh_identities", "retrain",
    "evaluate@warm_up", f"evaluate@{METHOD}", "evaluate@without_weights",
}  # fmt: skip


@pytest.fixture
def client(checkout: Path):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{checkout}/mlflow.db")


EXPERIMENT = "vfal-generated-800-100-200-fedcba98"


def all_runs(client, experiment: str = EXPERIMENT) -> list:
    return client.search_runs([client.get_experiment_by_name(experiment).experiment_id])


def run_named(client, name: str):
    return next(run for run in all_runs(client) if run.info.run_name == name)


def dump_lock(folder: Path, stages: dict) -> None:
    text = io.StringIO()
    YAML().dump({"schema": "2.0", "stages": stages}, text)
    write_text(folder / "dvc.lock", text.getvalue())


@pytest.mark.usefixtures("without_model", "without_figures")
class TestRuns:
    def test_one_parent_has_a_child_per_phase_and_per_evaluated_model(self, params, client):
        assert "8 run(s) added" in sync(params)
        runs = all_runs(client)
        assert sorted(run.info.run_name for run in runs) == sorted(RUNS)
        assert {run.info.status for run in runs} == {"FINISHED"}
        parent = run_named(client, "pipeline")
        children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
        assert len(children) == 7
        links = {name for name in parent.data.tags if name.startswith("vfal.run.")}
        assert links == {f"vfal.run.{name.replace('@', '/')}" for name in RUNS - {"pipeline"}}

    def test_every_run_is_in_the_named_experiment(self, small_raw, client):
        sync(check(with_overrides(small_raw, {"tracking.experiment": "voices and faces"})))
        assert len(all_runs(client, EXPERIMENT.replace("vfal", "voices and faces"))) == 8
        assert client.get_experiment_by_name(EXPERIMENT) is None

    def test_an_experiment_is_one_data_set_and_its_trial_lists(self, params, client, checkout):
        sync(params)
        lock = checkout / "dvc.lock"
        lock.write_text(lock.read_text().replace("fedcba98", "89abcdef", 1))
        assert f"{EXPERIMENT.replace('fedcba98', '89abcdef')}: 8 run(s) added" in sync(params)
        about = client.get_experiment_by_name(EXPERIMENT)
        assert "fedcba9876543210" in about.tags["mlflow.note.content"]
        assert about.tags["vfal.dataset"] == "generated"

    def test_a_run_says_what_it_is(self, params, client):
        sync(params)
        note = run_named(client, "evaluate@without_weights").data.tags["mlflow.note.content"]
        assert "weigh_identities.rule: none" in note

    def test_samples_of_the_machine_become_system_metrics_machine_tags_and_the_runs_time(
        self, params, client
    ):
        with watched("retrain", 60.0):
            pass
        sync(params)
        run, samples = run_named(client, "retrain"), samples_of("retrain")
        assert run.data.metrics["system/system_memory_usage_percentage"] > 0
        assert run.data.tags["vfal.machine.cores"] == samples.machine["cores"]
        assert (run.info.start_time, run.info.end_time) == samples.span_ms

    def test_metrics_keep_their_full_names_and_what_is_not_defined_is_absent(self, params, client):
        sync(params)
        metrics = run_named(client, f"evaluate@{METHOD}").data.metrics
        assert metrics["matching_1_2/v2f/all/accuracy"] == pytest.approx(0.83)
        assert metrics["retrieval/v2f/all/map"] == pytest.approx(0.11)
        assert "not/defined" not in metrics
        assert run_named(client, "pipeline").data.metrics == metrics

    def test_curves_become_metrics_by_step(self, params, client):
        sync(params)
        run_id = run_named(client, "warm_up").info.run_id
        history = client.get_metric_history(run_id, "seed_2/loss")
        assert sorted((point.step, point.value) for point in history) == [(0, 9.0), (10, 8.0)]
        assert run_named(client, "pretrain").data.metrics["voice/loss"] == 7.0

    def test_the_step_kept_of_each_seed_is_a_metric_of_retraining(self, params, client):
        sync(params)
        metrics = run_named(client, "retrain").data.metrics
        assert metrics["seed_2/best_step"] == 200
        assert metrics["best_validation_accuracy"] == pytest.approx(0.75)

    def test_parameters_are_those_of_the_phase_and_a_variants_own(self, params, client):
        sync(params)
        pretrain = run_named(client, "pretrain").data.params
        assert pretrain["pretrain.voice.width"] == "8"
        assert not any(name.startswith("retrain.") for name in pretrain)
        rule = "weigh_identities.rule"
        assert run_named(client, "evaluate@without_weights").data.params[rule] == "none"
        assert run_named(client, f"evaluate@{METHOD}").data.params[rule] == "learned"

    def test_parameters_edited_after_the_run_are_not_those_that_ran(self, small_raw, client):
        edited = check(with_overrides(small_raw, {"retrain.optimiser.learning_rate": 0.9}))
        sync(edited)
        ran = run_named(client, "retrain").data.params["retrain.optimiser.learning_rate"]
        assert float(ran) == small_raw["retrain"]["optimiser"]["learning_rate"]

    def test_reports_and_records_are_artifacts(self, params, client):
        sync(params)
        parent = run_named(client, "pipeline").info.run_id
        assert {item.path for item in client.list_artifacts(parent)} == {"index.html", "plots"}
        phase = run_named(client, "warm_up").info.run_id
        assert "warm_up/seed_1.jsonl" in {item.path for item in client.list_artifacts(phase, "warm_up")}

    def test_the_data_set_carries_dvcs_digest(self, params, client, checkout):
        sync(params)
        data = run_named(client, "retrain").inputs.dataset_inputs[0].dataset
        assert data.digest == "0123456789abcdef0123456789abcdef.dir"
        assert json.loads(data.source)["uri"] == str(checkout / "data/raw")

    def test_artifacts_lie_beside_the_database(self, params, client, checkout):
        sync(params)
        assert (checkout / "mlruns" / EXPERIMENT).is_dir()

    def test_tags_name_the_commit_and_the_lock(self, params, client, checkout):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        for words in (["init", "-q"], ["add", "dvc.lock"], [*who, "commit", "-q", "-m", "lock"]):
            subprocess.run(["git", *words], check=True, capture_output=True)
        sync(params)
        tags = run_named(client, "retrain").data.tags
        assert len(tags["mlflow.source.git.commit"]) == 40
        assert len(tags["vfal.dvc_lock_md5"]) == 32


def test_figures_lie_below_the_run_they_belong_to(params, client, without_model, tmp_path):
    sync(params)
    outcome = {"roc.svg", "matching_1_n.svg", "score_histogram.svg", "hardest_identities.svg"}
    expected = {
        "pretrain": {"loss.svg"},
        "warm_up": {"loss.svg"},
        "weigh_identities": {"loss.svg", "identity_weights.svg", "hardest_identities.csv"},
        "retrain": {"loss.svg", "validation_accuracy.svg"},
        f"evaluate@{METHOD}": {*outcome, "hardest_identities.csv"},
    }
    for name, figures in expected.items():
        run_id = run_named(client, name).info.run_id
        found = {item.path.removeprefix("figures/") for item in client.list_artifacts(run_id, "figures")}
        assert (name, found) == (name, figures)
    table = client.download_artifacts(run_id, "figures/hardest_identities.csv", str(tmp_path))
    assert pd.read_csv(table)["identity"].tolist() == ["id07", "id06"]


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


@pytest.mark.usefixtures("without_figures")
class TestSilence:
    def at(self, small_raw: dict, uri: str) -> Params:
        return check(with_overrides(small_raw, {"tracking.uri": uri}))

    @pytest.fixture
    def closed_port(self) -> int:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return taken.getsockname()[1]

    @pytest.fixture
    def refusing(self):
        """A server that knows no foreign host, as MLflow's does not."""

        class Refusing(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(403)
                self.end_headers()
                self.wfile.write(b"Invalid Host header")

            def log_message(self, *_: object) -> None:
                pass

        with HTTPServer(("127.0.0.1", 0), Refusing) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()
            thread.join()

    def test_a_dead_server_is_a_note_that_names_it(self, small_raw, checkout, closed_port):
        uri = f"http://127.0.0.1:{closed_port}"
        said = sync(self.at(small_raw, uri))
        assert uri in said
        assert "`vfal sync` fills in later" in said

    def test_a_server_that_never_answers_is_a_note(self, small_raw, checkout, monkeypatch):
        monkeypatch.setattr("vfal.tracking.address.ANSWER_S", 0.2)
        with socket.create_server(("127.0.0.1", 0)) as mute:
            said = sync(self.at(small_raw, f"http://127.0.0.1:{mute.getsockname()[1]}"))
        assert "does not answer (timed out)" in said

    def test_a_server_that_dies_after_its_health_check_is_a_note(
        self, small_raw, checkout, closed_port, monkeypatch
    ):
        monkeypatch.setattr("vfal.tracking.mirror.why_silent", lambda address: "")
        monkeypatch.setitem(BOUNDED, "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        said = sync(self.at(small_raw, f"http://127.0.0.1:{closed_port}"))
        assert "was not updated" in said

    def test_what_a_dead_server_missed_is_filled_in_later(
        self, params, small_raw, client, closed_port, without_model
    ):
        sync(self.at(small_raw, f"http://127.0.0.1:{closed_port}"))
        sync(params)
        assert len(all_runs(client)) == 8

    def test_a_locked_database_is_a_note(self, params, checkout, monkeypatch):
        monkeypatch.setattr("vfal.tracking.address.ANSWER_S", 0.1)
        holder = sqlite3.connect(checkout / "mlflow.db", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        said = sync(params)
        holder.close()
        assert "database is locked" in said

    def test_a_database_file_that_is_no_database_is_a_note(self, params, checkout):
        (checkout / "mlflow.db").write_text("not a database, and long enough to be read as a page " * 40)
        assert "file is not a database" in sync(params)

    def test_a_damaged_page_of_the_database_is_a_note_that_says_what_to_do(
        self, params, checkout, without_model
    ):
        database = checkout / "mlflow.db"
        size = database.stat().st_size
        with database.open("r+b") as handle:
            handle.seek(4096)
            handle.write(b"\xff" * (size - 4096))
        said = sync(params)
        assert "disk image is malformed" in said
        assert "move mlflow.db away" in said

    def test_a_full_disk_is_a_note_and_the_next_sync_completes(
        self, params, client, monkeypatch, without_model
    ):
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device", "mlruns/roc.svg")

        with monkeypatch.context() as patched:
            patched.setattr("mlflow.MlflowClient.log_artifact", full)
            assert "No space left on device" in sync(params)
        assert "`vfal sync` fills in" not in sync(params)
        assert {run.info.status for run in all_runs(client)} == {"FINISHED"}
        assert len(all_runs(client)) == 8

    def test_a_server_that_refuses_says_so_in_its_own_words(self, small_raw, checkout, refusing):
        said = sync(self.at(small_raw, refusing))
        assert "the server refuses this address or password (403: Invalid Host header)" in said

    def test_a_password_reaches_the_server_and_is_not_printed(self, small_raw, checkout, refusing):
        said = sync(self.at(small_raw, refusing.replace("://", "://me:secret@")))
        assert "secret" not in said
        assert "403" in said

    def test_a_damaged_record_is_a_note_not_a_failure(self, params, client, checkout, without_model):
        (checkout / "data/prepared/identities.parquet").write_bytes(b"not a table")
        assert "identities.parquet: not a readable table" in sync(params)

    def test_a_folder_in_place_of_the_database_is_a_note(self, params, checkout):
        (checkout / "mlflow.db").unlink()
        (checkout / "mlflow.db").mkdir()
        assert "unable to open database file" in sync(params)

    def test_a_password_is_never_printed(self, small_raw, checkout, closed_port):
        said = sync(self.at(small_raw, f"http://me:secret@127.0.0.1:{closed_port}"))
        assert "secret" not in said

    @pytest.mark.parametrize(
        "uri", ["file:///srv/mlruns", "htp://127.0.0.1", "mlruns", "sqlite://", "databricks"]
    )
    def test_an_address_of_unknown_kind_is_refused_by_its_key(self, small_raw, uri):
        with pytest.raises(ConfigError, match=r"tracking\.uri: found"):
            self.at(small_raw, uri)

    def test_an_environment_variable_does_not_decide(
        self, params, client, monkeypatch, closed_port, without_model
    ):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{closed_port}")
        assert "MLFLOW_TRACKING_URI is set and not used" in sync(params)
        assert len(all_runs(client)) == 8

    def test_an_empty_checkout_has_nothing_to_mirror(self, params, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert "Nothing to mirror" in sync(params)
