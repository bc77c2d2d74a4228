"""Samples of the machine, beside the record."""

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from vfal.core.files import write_text
from vfal.tracking.system import attempt_path, machine, read_samples, samples_of, watched

SLOW, FAST = 60.0, 0.02


def test_a_stage_that_succeeds_leaves_samples_with_what_it_made(checkout):
    with watched("retrain", FAST):
        time.sleep(0.1)
    samples = samples_of("retrain")
    assert samples is not None
    assert len(samples.rows) > 2
    assert samples.rows[-1]["system_memory_usage_megabytes"] > 0
    assert samples.span_ms[1] >= samples.span_ms[0]
    assert samples.machine["cores"].isdigit()
    assert not attempt_path("retrain").exists()


def test_another_result_of_the_same_stage_has_no_samples_of_this_one(checkout):
    with watched("evaluate@warm_up", SLOW):
        pass
    assert samples_of("evaluate@warm_up") is not None
    write_text(Path("reports/evaluate/warm_up.json"), "{}\n")
    assert samples_of("evaluate@warm_up") is None


def test_a_stage_that_fails_keeps_its_error_and_leaves_no_result(checkout):
    with pytest.raises(ValueError, match="the stage's own"), watched("retrain", SLOW):
        raise ValueError("the stage's own")
    assert samples_of("retrain") is None
    assert attempt_path("retrain").exists()


def test_samples_stay_out_of_what_dvc_hashes(checkout):
    before = {path: path.stat().st_mtime_ns for path in Path("models").rglob("*")}
    with watched("warm_up", SLOW):
        pass
    assert {path: path.stat().st_mtime_ns for path in Path("models").rglob("*")} == before


def test_a_disk_that_takes_no_samples_is_said_and_fails_nothing(checkout, capsys):
    place = attempt_path("retrain").parent
    place.parent.mkdir(exist_ok=True)
    place.write_text("a file where the folder should be")
    with watched("retrain", SLOW):
        pass
    assert "no more samples of the machine" in capsys.readouterr().err


def test_a_last_line_cut_short_by_a_kill_is_left_out(tmp_path):
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps({"attempt": "1"}) + "\n" + json.dumps({"time_ms": 5}) + "\n" + '{"time_ms": 6')
    samples = read_samples(path)
    assert samples is not None
    assert samples.rows == [{"time_ms": 5}]


def test_a_gpu_in_use_is_named_and_measured(checkout, monkeypatch):
    def no_library(number: int) -> int:
        raise ModuleNotFoundError("pynvml")

    cuda = SimpleNamespace(
        is_available=lambda: True,
        is_initialized=lambda: True,
        device_count=lambda: 1,
        get_device_name=lambda number: "a GPU",
        mem_get_info=lambda number: (30_000_000, 40_000_000),
        utilization=no_library,
    )
    fake = SimpleNamespace(cuda=cuda, get_num_threads=lambda: 3, __version__="2")
    monkeypatch.setitem(sys.modules, "torch", fake)
    with watched("retrain", SLOW):
        pass
    samples = samples_of("retrain")
    assert samples is not None
    assert samples.rows[-1]["gpu_0_memory_usage_megabytes"] == 10
    assert samples.rows[-1]["gpu_0_memory_usage_percentage"] == 25
    assert (machine()["gpu"], machine()["torch_threads"]) == ("a GPU", "3")
