"""The curve of a run on disk: one json line per logged step, cut back to the checkpoint on resume."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from vfal.core.files import write_text
from vfal.core.paths import state_folder
from vfal.core.ranks import leading

NAME = "curve_of.txt"


class Curve:
    """Rows {step, name: value, ...}, appended and flushed as they come.

    The file is the truth about a run; mirrors read it. No clock time is written, so that a continued
    run leaves the same bytes as an undisturbed one.
    """

    def __init__(self, path: Path, *, before_step: int) -> None:
        """Open `path`, keeping only rows of steps below `before_step` (what came later is done again)."""
        kept = [line for line in _lines(path) if json.loads(line)["step"] < before_step]
        write_text(path, "".join(f"{line}\n" for line in kept))
        self._handle = (path if leading() else Path(os.devnull)).open("a", encoding="utf-8")
        self.path = path

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Append one row."""
        self._handle.write(json.dumps({"step": step, **values}, allow_nan=False) + "\n")
        self._handle.flush()

    def sync(self) -> None:
        """Make the rows survive a power cut; called before each checkpoint."""
        if leading():
            os.fsync(self._handle.fileno())

    def close(self) -> None:
        """Close the file."""
        self.sync()
        self._handle.close()


def name_curve(folder: Path, name: str) -> None:
    """Say whose curve grows in a folder of unfinished work: `seed_<s>` or a modality."""
    write_text(folder / NAME, name)


def growing_curves(stage: str, since_s: float) -> dict[str, Path]:
    """The curves of unfinished work at a stage that were written since then, by their names."""
    found = {}
    for named in sorted((state_folder() / stage).glob(f"*/{NAME}")):
        curve = named.with_name("curve.jsonl")
        if curve.exists() and curve.stat().st_mtime >= since_s:
            found[named.read_text(encoding="utf-8")] = curve
    return found


def _lines(path: Path) -> list[str]:
    """Whole lines of a curve; a last line cut short by a kill is left out."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return text[: text.rfind("\n") + 1].splitlines()


def read_curve(path: Path) -> list[dict[str, float]]:
    """The rows of a curve."""
    return [json.loads(line) for line in _lines(path)]
