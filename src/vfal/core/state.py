"""Fingerprints of work, and the folders where unfinished work waits to be continued."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import vfal
from vfal.core.errors import BusyError, DataError
from vfal.core.files import sha256_of, write_json
from vfal.core.paths import state_folder
from vfal.core.ranks import leading


def fingerprint(stage: str, params: Mapping[str, Any], inputs: Sequence[Path]) -> str:
    """Sixteen hex digits that change when the stage, a parameter, an input file or vfal's code changes.

    Work found under a fingerprint may be continued: it is the same work.
    """
    parts = {
        "stage": stage,
        "params": params,
        "inputs": {path.as_posix(): _content(path) for path in inputs},
        "code": _code_digest(),
    }
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def work_folder(stage: str, print_of_work: str) -> Path:
    """The folder where a piece of unfinished work keeps its checkpoints; made when absent."""
    folder = state_folder() / stage / print_of_work
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def remove_work(folder: Path) -> None:
    """Remove the folder of finished work."""
    if leading():
        shutil.rmtree(folder)


@contextmanager
def only_one(name: str, doing: str) -> Iterator[None]:
    """Hold the lock `name` while the block runs; if another process holds it, raise `BusyError`.

    The kernel frees the lock when its holder dies, however it dies. Of several processes that train
    together the leading one holds it for all.
    """
    if not leading():
        yield
        return
    path = state_folder() / "locks" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().strip() or "another process"
            raise BusyError(f"{doing}: {holder} is at it already. Wait for it to end, or stop it.") from None
        handle.truncate(0)
        handle.write(f"process {os.getpid()}")
        handle.flush()
        yield


def is_held(name: str) -> bool:
    """Whether a process holds the lock `name` now."""
    path = state_folder() / "locks" / f"{name}.lock"
    if not path.exists():
        return False
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _code_digest() -> str:
    package = Path(vfal.__file__).parent
    digest = sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _content(path: Path) -> str:
    """Digest of a file or folder; a file is read once and remembered by size and time of change."""
    if not path.exists():
        raise DataError(f"{path}: no such input. Run `dvc repro`, which makes it.")
    files = [path] if path.is_file() else sorted(item for item in path.rglob("*") if item.is_file())
    remembered_at = state_folder() / "digests.json"
    remembered: dict[str, list[Any]] = {}
    if remembered_at.exists():
        remembered = json.loads(remembered_at.read_text(encoding="utf-8"))
    known = dict(remembered)
    digest = sha256()
    for file in files:
        status = file.stat()
        key, mark = str(file.absolute()), [status.st_size, status.st_mtime_ns]
        if known.get(key, [None, None])[:2] != mark:
            known[key] = [*mark, sha256_of(file)]
        digest.update(f"{file.relative_to(path).as_posix()}:{known[key][2]}\n".encode())
    if known != remembered:
        write_json(remembered_at, known)
    return digest.hexdigest()
