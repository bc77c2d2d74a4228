"""A flow run's proof of life: a file that its process keeps locked.

The kernel frees the lock when the process ends, however it ends; a pid alone may belong to another by then.
"""

import fcntl
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vfal.core.errors import DataError
from vfal.core.files import read_json, write_json
from vfal.core.paths import state_folder

_held: dict[str, int] = {}  # never given back: a run ends later than the code of its flow


@dataclass(frozen=True)
class Sign:
    """What a record says about a run: its process lives, is gone, or cannot be judged from here."""

    life: Literal["lives", "gone", "unknown"]
    why: str


def records() -> Path:
    """The folder of the records of this checkout."""
    return state_folder() / "flows"


def hold(flow_run_id: str) -> None:
    """Record that this process is the run `flow_run_id`, from now until it ends."""
    if flow_run_id in _held:
        return
    lock, record = _files(flow_run_id)
    lock.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(handle, fcntl.LOCK_EX)  # waits only for somebody who is just looking
    write_json(
        record,
        {"host": socket.gethostname(), "boot": boot(), "pid": os.getpid(), "started_s": time.time()},
    )
    _held[flow_run_id] = handle


def hold_run(flow: Any, flow_run: Any, state: Any) -> None:
    """`hold` as a hook: `@flow(on_running=[hold_run])`."""
    hold(str(flow_run.id))


def sign_of(flow_run_id: str) -> Sign | None:
    """What is known about the process of a run; None when it left no record here."""
    lock, record = _files(flow_run_id)
    if not lock.exists():
        return None
    try:
        told = read_json(record)
    except DataError:
        told = {"host": socket.gethostname(), "boot": boot(), "pid": "?"}  # killed while it wrote it
    if told["host"] != socket.gethostname():
        return Sign("unknown", f"its process is on {told['host']}")
    with lock.open("r+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return Sign("lives", f"process {told['pid']}")
    if told["boot"] != boot():
        return Sign("gone", f"the machine was started again since; process {told['pid']} went with it")
    return Sign("gone", f"process {told['pid']} is gone")


def forget(flow_run_id: str) -> None:
    """Remove the record of a run that is over."""
    for path in _files(flow_run_id):
        path.unlink(missing_ok=True)


def boot() -> str:
    """What tells this start of the machine from another; empty where the system does not say."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def _files(flow_run_id: str) -> tuple[Path, Path]:
    return records() / f"{flow_run_id}.lock", records() / f"{flow_run_id}.json"
