"""Which code, data and parameters the record on disk comes from: git and dvc.lock."""

import hashlib
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from vfal.core.config.params import Params, check, with_overrides
from vfal.core.errors import ConfigError, DataError
from vfal.core.paths import RAW

LOCK = Path("dvc.lock")
SHELF_MAPS = Path("leaderboard")  # holds the shelf's maps, one for each method, and the table's
LOOKS, BETWEEN_LOOKS_S = 10, 0.1
# A stage is the authority on the block of its own name; these blocks have no stage of their own.
ALSO_OF = {"retrain": ("seeds", "machine", "methods")}


def locks(folder: Path) -> list[Path]:
    """The lock files below `folder`: the main map's, those of the shelf's methods, the table's.

    The first and the last need not be there.
    """
    return [folder / LOCK, *sorted(folder.glob(f"{SHELF_MAPS}/*/{LOCK}")), folder / SHELF_MAPS / LOCK]


def read_lock() -> dict[str, Any]:
    """The stages of dvc.lock and of the shelf's maps by name; empty when nothing was reproduced here.

    DVC writes such a file in place: one that is read in that moment is read again, and a file that stays
    unreadable is a `DataError`.
    """
    whole = locks(Path()) if LOCK.exists() else []
    return {name: entry for lock in whole for name, entry in _stages_in(lock).items()}


def _stages_in(lock: Path) -> dict[str, Any]:
    if not lock.exists():
        return {}
    for _ in range(LOOKS):
        text = lock.read_text(encoding="utf-8")
        try:
            found = YAML(typ="safe").load(text) if text.endswith("\n") else None
        except YAMLError:
            found = None
        if isinstance(found, dict):
            return dict(found.get("stages", {}))
        time.sleep(BETWEEN_LOOKS_S)
    raise DataError(f"{lock}: not whole; dvc is writing it, or was killed. Run `dvc repro`.")


def params_as_run(params: Params, stages: Mapping[str, Any], of: str = "") -> Params:
    """The parameters that the stages ran with, as dvc.lock recorded them.

    params.yaml may have been edited since. Where dvc.lock is silent, or comes from a vfal with other
    keys, `params` stands. The stage `of` is the authority on everything it read.
    """
    ran: dict[str, Any] = {}
    for stage, entry in stages.items():
        owned = (stage, *ALSO_OF.get(stage, ()))
        ran |= {key: value for key, value in _read_by(entry).items() if key.split(".")[0] in owned}
    ran |= _read_by(stages.get(of, {}))
    try:
        return check(with_overrides(params.model_dump(by_alias=True), ran), "dvc.lock")
    except ConfigError:
        return params


def _read_by(entry: Mapping[str, Any]) -> dict[str, Any]:
    return dict(entry.get("params", {}).get("params.yaml", {}))


def output_digest(stages: Mapping[str, Any], stage: str, path: Path) -> str | None:
    """DVC's md5 of one output of a stage, at most 36 characters; None when dvc.lock has none."""
    outs = stages.get(stage, {}).get("outs", [])
    return next((str(out["md5"]) for out in outs if out.get("path") == path.as_posix()), None)


def data_digest(stages: Mapping[str, Any]) -> str | None:
    """DVC's md5 of `data/raw`."""
    return output_digest(stages, "collect", RAW)


def provenance_tags() -> dict[str, str]:
    """Tags that say where a run comes from: the git commit, whether files differ from it, dvc.lock's md5."""
    tags = {}
    if commit := _git("rev-parse", "HEAD"):
        tags["mlflow.source.git.commit"] = commit
        tags["vfal.git_clean"] = str(not _git("status", "--porcelain", "--untracked-files=no")).lower()
    if LOCK.exists():
        tags["vfal.dvc_lock_md5"] = hashlib.md5(LOCK.read_bytes(), usedforsecurity=False).hexdigest()
    return tags


def _git(*words: str) -> str:
    """What git prints; empty without git, outside a repository, and before the first commit."""
    try:
        done = subprocess.run(["git", *words], capture_output=True, text=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
