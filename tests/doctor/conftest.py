"""A checkout with nothing wrong in it, and processes that are dead or alive."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from vfal.core.files import write_json
from vfal.core.switches import SWITCHES
from vfal.doctor.finding import Finding, Visit

from ..tiny_params import raw_params


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "checkout"
    (folder / ".dvc/tmp").mkdir(parents=True)
    (folder / ".dvc/config").write_text("[core]\n    analytics = false\n    check_update = false\n")
    write_json(folder / "params.yaml", raw_params(machine__device="cpu"))  # json is yaml
    (folder / "constraints.txt").write_text("# none\n")
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    for name in ("VFAL_STATE", "PREFECT_API_URL", *SWITCHES):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def visit(checkout: Path) -> Visit:
    return Visit(checkout)


@pytest.fixture
def repair(checkout: Path) -> Visit:
    return Visit(checkout, fix=True)


@pytest.fixture(scope="session")
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    return process.pid


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.level, finding.found) for finding in findings]
