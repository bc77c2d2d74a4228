"""A checkout of its own for tests that run the map."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
COPIED = (
    "dvc.yaml",
    "params.yaml",
    "withdrawn.csv",
    "splits.csv",
    "lists/README.md",
    ".dvcignore",
    "presets",
    ".dvc/config",
    ".dvc/.gitignore",
    "src",
)


def environment(folder: Path) -> dict[str, str]:
    """No HOME, no git identity, no user configuration; the tools of this environment first on PATH."""
    return {
        "PATH": f"{BIN}{os.pathsep}{os.defpath}",
        "SHELL": "/bin/sh",
        "DVC_SITE_CACHE_DIR": str(folder / ".state" / "dvc"),
        "DVC_NO_ANALYTICS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(folder / "src"),  # the code that its stages depend on, wherever vfal is installed
    }


def checkout(source: Path, target: Path) -> Path:
    """The files of the map under `target`, as a git repository, with the tiny preset applied."""
    target.mkdir()
    for name in COPIED:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(
                source / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
            )
        else:
            shutil.copy(source / name, target / name)
    subprocess.run(["git", "init", "--quiet"], cwd=target, env=environment(target), check=True)
    done = run(target, "vfal", "preset", "tiny")
    assert done.returncode == 0, done.stderr
    return target


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A tool of this environment, run in `folder`."""
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        check=False,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
    )


def outputs(folder: Path) -> dict[str, bytes]:
    """Every file the map leaves, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for part in ("data", "models", "reports")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file() and path.name != ".gitignore"
    }


@pytest.fixture(scope="session")
def finished(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which `vfal repro` has run to its end, undisturbed."""
    folder = checkout(repository, tmp_path_factory.mktemp("map") / "finished")
    done = run(folder, "vfal", "repro")
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "first_run.txt").write_text(done.stdout)
    return folder


@pytest.fixture
def disturbed(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished checkout, for tests that leave a run half done."""
    return Path(shutil.copytree(finished, tmp_path / "disturbed", symlinks=True))
