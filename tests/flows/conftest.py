"""A Prefect server of their own for all tests of flows, and a small project for dvc to run."""

import os
import tempfile
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
    cmd: python stage.py first.txt
    deps: [stage.py, source.txt]
    outs: [first.txt]
  second:
    cmd: python stage.py second.txt
    deps: [stage.py, first.txt]
    outs: [second.txt]
  third:
    foreach: [one]
    do:
      cmd: python stage.py third.txt
      deps: [stage.py, source.txt]
      outs: [third.txt]
"""
STAGE = """
import os, sys, time
from pathlib import Path
trouble = Path(f"trouble-{sys.argv[1]}")
if trouble.exists():
    what = trouble.read_text()
    if what == "hang":
        from vfal.core.death import die_with_starter
        die_with_starter()
        Path("hanging").write_text(str(os.getpid()))
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
