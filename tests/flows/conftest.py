"""A Prefect server of their own for all tests of flows, and a small project for dvc to run."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# Prefect reads it when it is imported, which happens with the first test module.
os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="vfal-prefect-")
os.environ.pop("PREFECT_API_URL", None)

from flows.server import API, free_port, server, use

from vfal.core.files import write_json

from ..tiny_params import raw_params

DVC_YAML = """
stages:
  first:
    cmd: exec python stage.py first.txt
    deps: [stage.py, source.txt]
    outs: [first.txt]
  second:
    cmd: exec python stage.py second.txt
    deps: [stage.py, first.txt]
    outs: [second.txt]
  third:
    foreach: [one]
    do:
      cmd: exec python stage.py third.txt
      deps: [stage.py, source.txt]
      outs: [third.txt]
"""
STAGE = """
import sys, time
from pathlib import Path
trouble = Path(f"trouble-{sys.argv[1]}")
if trouble.exists():
    what = trouble.read_text()
    if what == "hang":
        from vfal.core.death import die_with_parent
        die_with_parent()
        Path("hanging").write_text("yes")
        time.sleep(120)
    attempts = Path(f"attempts-{sys.argv[1]}")
    attempts.write_text(attempts.read_text() + "x" if attempts.exists() else "x")
    if what == "once":
        trouble.unlink()
    sys.exit("ConfigError: retrain.steps: found 0" if what == "refused" else "the disk went away")
Path(sys.argv[1]).write_text(Path("source.txt").read_text())
"""


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API of a real server, with its scheduler."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VFAL_STATE", str(tmp_path_factory.mktemp("state")))
        with server(free_port(), 120, "--no-ui") as url:
            use(url)
            yield url
            del os.environ[API]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three quick stages, as the current folder; a file `trouble-<output>` spoils a stage."""
    monkeypatch.setattr("flows.train.sync", lambda: None)  # has a test of its own
    return make_project(tmp_path, monkeypatch)


def make_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of the project in `folder`."""
    params = raw_params(machine__device="cpu", flows__retries=1, flows__retry_delays_s=[0])
    write_json(folder / "params.yaml", params)  # json is yaml
    (folder / ".dvc").mkdir()
    (folder / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    (folder / "dvc.yaml").write_text(DVC_YAML)
    (folder / "stage.py").write_text(STAGE)
    (folder / "source.txt").write_text("1")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("VFAL_STATE", raising=False)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(folder / ".state/dvc"))
    return folder


def processes_in(folder: Path) -> list[str]:
    """Command lines of the living processes that work in `folder`, this one aside."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if (entry / "cwd").resolve() == folder.resolve():
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:  # it ended while we looked
                continue
    return [line for line in found if line]


def wait_until_alone(folder: Path) -> list[str]:
    """The processes left in `folder`, once there are none or twenty seconds have passed."""
    deadline = time.monotonic() + 20
    while (left := processes_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def wait_for(path: Path) -> None:
    """Wait until there is such a file."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.05)
