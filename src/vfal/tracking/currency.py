"""Which results on disk are whole and belong together, by what dvc.lock says of them.

While the map runs, some stages are new, some old, and one is half-written. Only what dvc.lock vouches for is
mirrored: a stage whose outputs lie on disk as recorded, and that read what the stages before it now hold.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Stages = Mapping[str, Mapping[str, Any]]
CHECKED = ("models/", "reports/")  # outputs that a mirror reads; the corpus is taken as recorded


class Currency:
    """The stages of dvc.lock, each asked once whether it is current."""

    def __init__(self, stages: Stages) -> None:
        """Without a dvc.lock (`stages` empty) nothing vouches for anything, and everything is taken."""
        self.stages = stages
        self._made = {
            Path(out["path"]): (name, out.get("md5"))
            for name, entry in stages.items()
            for out in entry.get("outs", [])
        }
        self._known: dict[str, bool] = {}

    def __contains__(self, name: str) -> bool:
        """Whether a stage's outputs are whole and made from what the stages before it hold now."""
        if not self.stages:
            return True
        if name not in self._known:
            entry = self.stages.get(name)
            self._known[name] = entry is not None and self._reads_on(entry) and _as_recorded(entry)
        return self._known[name]

    def _reads_on(self, entry: Mapping[str, Any]) -> bool:
        for dependency in entry.get("deps", []):
            path = Path(dependency["path"])
            makers = [
                maker
                for made, (maker, _) in self._made.items()
                if made == path or made in path.parents or path in made.parents
            ]
            if not makers:
                continue  # code
            # A file of a folder that is an output, or a folder of several, has no md5 of its own in dvc.lock.
            now = self._made[path][1] if path in self._made else dvc_md5(path)
            if now not in (None, dependency.get("md5")) or not all(maker in self for maker in makers):
                return False
        return True


def _as_recorded(entry: Mapping[str, Any]) -> bool:
    return all(
        dvc_md5(Path(out["path"])) == out["md5"]
        for out in entry.get("outs", [])
        if out["path"].startswith(CHECKED) and "md5" in out
    )


def dvc_md5(path: Path) -> str | None:
    """The md5 that DVC gives a file or a folder (of the list of its files' md5s); None when there is none."""
    if path.is_file():
        return _md5(path)
    if not path.is_dir():
        return None
    files = sorted((file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file())
    listed = [{"md5": _md5(file), "relpath": name} for name, file in files]
    return hashlib.md5(json.dumps(listed).encode(), usedforsecurity=False).hexdigest() + ".dir"


def _md5(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
