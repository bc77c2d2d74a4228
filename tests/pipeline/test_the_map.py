"""The map from nothing to a report, on the tiny corpus."""

import json
import subprocess
from pathlib import Path

import pytest

from .conftest import BIN, environment, outputs, run

pytestmark = pytest.mark.pipeline


def test_one_command_makes_data_models_and_a_report(finished: Path) -> None:
    made = outputs(finished)
    for path in (
        "data/raw/tree/vox1_meta.csv",
        "data/prepared/trials/test_matching.parquet",
        "data/media/voices.npy",
        "data/features/faces.npy",
        "models/encoders/voice.safetensors",
        "models/identity_weights/weights_1.parquet",
        "models/trained/seeking_the_shape/seed_1.safetensors",
        "reports/evaluate/seeking_the_shape.json",
        "reports/index.html",
    ):
        assert path in made, path
    assert not [path for path in made if "partial" in path]


def test_the_run_ends_with_the_result_table_and_where_to_look(finished: Path) -> None:
    shown = (finished / "first_run.txt").read_text()
    assert "reports/index.html" in shown
    assert "make ui" in shown


def test_a_second_run_with_nothing_changed_says_so_and_runs_no_stage(finished: Path) -> None:
    again = run(finished, "vfal", "repro")
    assert again.returncode == 0, again.stderr
    assert "Nothing has changed" in again.stdout
    assert "Running stage" not in again.stdout


def test_a_changed_parameter_runs_its_stage_and_what_depends_on_it(finished: Path) -> None:
    planned = run(finished, "dvc", "repro", "--dry", "-f", "-s", "retrain")
    assert "retrain" in planned.stdout
    params = finished / "params.yaml"
    before = params.read_text()
    try:
        params.write_text(before.replace("keep_ratio: 0.9 ", "keep_ratio: 0.8 "))
        stale = json.loads(run(finished, "dvc", "status", "--json").stdout)
    finally:
        params.write_text(before)
    assert {"weigh_identities", "retrain"} <= set(stale)
    assert not {"collect", "prepare", "validate", "preprocess", "pretrain", "embed"} & set(stale)


def test_a_changed_file_that_params_may_name_makes_who_reads_it_stale(finished: Path) -> None:
    stale = json.loads(run(finished, "dvc", "status", "--json").stdout)
    assert stale == {}
    added = finished / "lists/verify_v2f_test.txt"
    try:
        added.write_text("a.wav b.jpg\n")
        stale = json.loads(run(finished, "dvc", "status", "--json").stdout)
    finally:
        added.unlink()
    assert set(stale) == {"prepare", "validate"}


def test_metrics_and_plots_are_known_to_dvc(finished: Path) -> None:
    shown = json.loads(run(finished, "dvc", "metrics", "show", "--json").stdout)
    files = next(iter(shown.values()))["data"]
    assert "reports/evaluate/seeking_the_shape.json" in files
    names = files["reports/evaluate/seeking_the_shape.json"]["data"]
    assert "matching_1_2/v2f/all/accuracy" in names
    plots = run(finished, "dvc", "plots", "show", "--json")
    assert plots.returncode == 0, plots.stderr


def test_every_protocol_is_in_the_figures_with_its_interval(finished: Path) -> None:
    full = json.loads((finished / "reports/evaluate/seeking_the_shape/full.json").read_text())
    for name in (
        "matching_1_10/f2v/all/accuracy",
        "verification/v2f/same_gender/auc",
        "verification/f2v/all/eer",
        "retrieval/v2f/all/map",
        "retrieval/f2v/all/recall_at_5",
        "joint_matching_m2/v2f/all/accuracy",
    ):
        assert full[name]["low"] <= full[name]["value"] <= full[name]["high"], name


def test_two_repros_at_once_are_one_run_and_one_clear_refusal(disturbed: Path) -> None:
    first = subprocess.Popen(
        [str(BIN / "vfal"), "repro", "--force"],
        cwd=disturbed,
        env=environment(disturbed),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout is not None
    first.stdout.readline()  # it is at work
    second = run(disturbed, "vfal", "repro")
    first.kill()
    first.wait()
    first.stdout.close()
    assert second.returncode == 1
    assert "at it already" in second.stderr
    assert "Traceback" not in second.stderr
