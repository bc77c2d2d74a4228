import json
import subprocess

import pandas as pd
import pytest

from vfal.core.config.params import check, with_overrides
from vfal.tracking.mirror import sync
from vfal.tracking.system import samples_of, watched

from .stored_runs import EXPERIMENT, METHOD, RUNS, all_runs, run_named


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
