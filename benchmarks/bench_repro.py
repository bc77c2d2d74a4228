"""Seconds of a run in which nothing has changed: `vfal repro` against a bare `dvc repro`.

Without an argument the map is first run on the tiny corpus, in a checkout of its own in a temporary folder
(about a minute). With the path of a checkout whose last run is finished, that one is timed:
`bench_repro.py .` times the demo where `make repro` has been run.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from comparing import REPOSITORY, compare, show

BIN = Path(sys.executable).parent
COPIED = (
    "dvc.yaml",
    "params.yaml",
    "splits.csv",
    "lists/README.md",
    "withdrawn.csv",
    ".dvcignore",
    "presets",
    ".dvc/config",
    ".dvc/.gitignore",
    "src",
)
REFERENCE = "dvc repro"


def main() -> None:
    if len(sys.argv) > 1:
        _time(Path(sys.argv[1]).resolve(), "this checkout, nothing changed")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "checkout"
        check_out(folder)
        start = time.perf_counter()
        _run(folder, "vfal", "repro")
        _time(folder, f"tiny corpus, nothing changed (first run: {time.perf_counter() - start:.0f} s)")


def _time(folder: Path, what: str) -> None:
    """One unmeasured run first: it proves that nothing is left to do, and fills the page cache."""
    if "Nothing has changed" not in _run(folder, "vfal", "repro"):
        raise SystemExit(f"{folder}: something had changed; run again to time a run in which nothing has.")
    commands = {
        REFERENCE: ("dvc", "repro"),
        "vfal repro": ("vfal", "repro"),
        "vfal --help": ("vfal", "--help"),
    }
    ways = {name: lambda command=command: _run(folder, *command) for name, command in commands.items()}
    note = "vfal repro = dvc repro + mirror + table"
    show(
        "A run with nothing to do", [compare(what, ways, rounds=3, reference=REFERENCE, note=note)], unit="s"
    )


def check_out(folder: Path) -> None:
    """What the map needs, under git, with the tiny preset."""
    for name in COPIED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (REPOSITORY / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(REPOSITORY / name, folder / name, ignore=ignored)
        else:
            shutil.copy(REPOSITORY / name, folder / name)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    _run(folder, "vfal", "preset", "tiny")


def _run(folder: Path, *command: str) -> str:
    """What a command of this environment prints; its failure ends the benchmark with its last words."""
    environment = os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "SHELL": "/bin/sh",
        "DVC_SITE_CACHE_DIR": str(folder / ".state" / "dvc"),
        "DVC_NO_ANALYTICS": "1",
    }
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(
            f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"[-2000:]
        )
    return done.stdout


if __name__ == "__main__":
    main()
