"""What a check finds, and what it is given to look at."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from vfal.core.config.params import Params, load_params
from vfal.core.paths import state_folder

Level = Literal["ok", "warn", "no", "done"]


@dataclass(frozen=True)
class Finding:
    """One thing a check found; `todo` says what to do about it. `done`: it was put right by `--fix`."""

    level: Level
    found: str
    todo: str = ""


@dataclass(frozen=True)
class Visit:
    """The checkout that is looked at; `fix` allows repairs that cannot lose anything."""

    folder: Path
    fix: bool = False

    @property
    def state(self) -> Path:
        """Where checkpoints, locks and caches are."""
        return state_folder()

    @cached_property
    def params(self) -> Params:
        """params.yaml; a `ConfigError` when it is wrong."""
        return load_params(self.folder / "params.yaml")

    def shown(self, path: Path) -> str:
        """A path as it is shown: from the checkout on, where it lies in it."""
        return str(path.relative_to(self.folder) if path.is_relative_to(self.folder) else path)


def ok(found: str, todo: str = "") -> list[Finding]:
    """All is well."""
    return [Finding("ok", found, todo)]


def warn(found: str, todo: str) -> list[Finding]:
    """Something that hinders nobody yet."""
    return [Finding("warn", found, todo)]


def no(found: str, todo: str) -> list[Finding]:
    """Something that fails, or has failed."""
    return [Finding("no", found, todo)]


def is_alive(pid: int) -> bool:
    """Whether a process of this machine has that number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True


def walk(folder: Path, skip: frozenset[str] = frozenset()) -> Iterator[Path]:
    """All files below `folder`, but for folders named in `skip`; in the order of their names."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - skip)
        yield from (Path(place) / name for name in sorted(files))


def shown_bytes(size: int) -> str:
    """A size in the unit that suits it."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
