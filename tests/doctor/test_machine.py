import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from vfal.doctor import machine
from vfal.doctor.finding import Visit

from .conftest import told


@pytest.mark.parametrize(("free", "level"), [(10**8, "no"), (2 * 10**9, "warn"), (10**11, "ok")])
def test_free_space_is_judged_by_what_a_run_needs(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=free))
    assert machine.disk(visit)[0].level == level


def test_the_device_that_would_be_used_is_named(visit: Visit) -> None:
    [(level, found)] = told(machine.device(visit))
    assert level == "ok" and found.startswith("cpu, torch ")


def test_others_on_the_gpu_are_named_by_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho '4711, 20480'\necho '12, 512'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert machine._others_on_gpu() == ["process 4711 (20480 MiB)", "process 12 (512 MiB)"]
    monkeypatch.setenv("PATH", "")
    assert machine._others_on_gpu() == []
