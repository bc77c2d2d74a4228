"""Checks of what unfinished and killed work left behind."""

import os
import re
import shutil
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

from vfal.core.errors import BusyError
from vfal.core.state import only_one
from vfal.doctor.finding import Finding, Visit, is_alive, no, ok, shown_bytes, walk, warn

FINGERPRINT = re.compile(r"[0-9a-f]{16}")
PARTIAL = re.compile(r"\..+\.partial-(\d+)")  # of core/files.py
DAMAGED = ".damaged"
RETRAINING = "retraining"  # the worktree of a scheduled retraining, and its lock
NOT_OURS = frozenset({RETRAINING, "dvc", "prefect"})  # folders of the state that hold no checkpoints
WRITTEN = ("models", "reports", "data/prepared", "data/media", "data/features")
DAY_S = 86_400


def checkpoints(visit: Visit) -> list[Finding]:
    """Whether every checkpoint can be read; a damaged one would stop the run that wants to continue it."""
    findings, sound = [], 0
    for path in walk(visit.state, NOT_OURS):
        if path.suffix not in (".pt", ".safetensors") or path.name.startswith("."):
            continue
        if not (reason := _why_damaged(path)):
            sound += 1
        elif visit.fix:
            aside = path.with_name(path.name + DAMAGED)
            path.replace(aside)
            done = f"{visit.shown(path)}: {reason}; moved to {aside.name}, its run starts anew"
            findings.append(Finding("done", done))
        else:
            todo = "`vfal doctor --fix` moves it aside; its run then starts anew."
            findings += no(f"{visit.shown(path)}: {reason}", todo)
    return findings or ok(f"{sound} readable" if sound else "none waiting")


def unfinished(visit: Visit) -> list[Finding]:
    """Work that was broken off, and what it takes up."""
    folders = [path for path in sorted(visit.state.glob("*/*")) if FINGERPRINT.fullmatch(path.name)]
    if not folders:
        return ok("none")
    sizes = [sum(file.stat().st_size for file in walk(folder)) for folder in folders]
    named = ", ".join(
        f"{folder.parent.name}/{folder.name} {shown_bytes(size)}"
        for folder, size in zip(folders, sizes, strict=True)
    )
    remove = f"rm -r {visit.shown(visit.state)}/..."
    return ok(named, f"A run with the same parameters continues it. If there will be none: {remove}")


def temporary_files(visit: Visit) -> list[Finding]:
    """Files that a killed process was writing, and folders it was filling elsewhere."""
    left = [path for path in _partial(visit) if not is_alive(int(_pid_of(path)))]
    old = time.time() - DAY_S
    for path in Path(tempfile.gettempdir()).glob("vfal-model-*"):  # of registry and fetch
        status = path.lstat()
        if path.is_dir() and status.st_uid == os.getuid() and status.st_mtime < old:
            left.append(path)
    if not left:
        return ok("none")
    named = ", ".join(map(visit.shown, left[:4])) + (f" and {len(left) - 4} more" if len(left) > 4 else "")
    if not visit.fix:
        return warn(f"left by killed processes: {named}", "`vfal doctor --fix` removes them.")
    for path in left:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return [Finding("done", f"removed what killed processes left: {named}")]


def worktrees(visit: Visit) -> list[Finding]:
    """The checkout that a killed retraining left."""
    folder = visit.state / RETRAINING
    if not folder.exists():
        return ok("none left")
    named = f"{visit.shown(folder)}, {shown_bytes(sum(file.stat().st_size for file in walk(folder)))}"
    try:
        with only_one(RETRAINING, "scheduled retraining"):
            if not visit.fix:
                todo = "The next retraining removes it; so does `vfal doctor --fix`."
                return warn(f"{named}, left by a killed retraining", todo)
            shutil.rmtree(folder)
            subprocess.run(["git", "worktree", "prune"], cwd=visit.folder, capture_output=True, check=False)
    except BusyError:
        return ok(f"{named}, in use")
    return [Finding("done", f"{named}: removed")]


def _partial(visit: Visit) -> list[Path]:
    places = [visit.folder / name for name in WRITTEN]
    files = [path for place in places for path in walk(place)]
    files += walk(visit.state, NOT_OURS)
    files += (visit.folder / "data/raw").glob(".*.partial-*")  # below it lies a whole corpus
    return [path for path in files if PARTIAL.fullmatch(path.name)]


def _pid_of(path: Path) -> str:
    return path.name.rpartition("-")[2]


def _why_damaged(path: Path) -> str:
    """Why a checkpoint cannot be read: by the checksums of an archive, by the header of safetensors."""
    try:
        if path.suffix == ".pt":
            with zipfile.ZipFile(path) as archive:
                wrong = archive.testzip()
            return f"damaged (checksum of {wrong})" if wrong else ""
        from safetensors import safe_open

        with safe_open(path, framework="np") as tensors:
            tensors.keys()
    except (zipfile.BadZipFile, OSError) as error:
        return f"damaged ({error})"
    except Exception as error:  # safetensors raises its own untyped errors
        if type(error).__name__ != "SafetensorError":
            raise
        return f"damaged ({error})"
    return ""
