"""Claims on what a machine has once, such as a GPU: held until the process ends, however it ends.

The lock files lie outside every checkout, because the GPU is the machine's: in `vfal-claims` of the
system's temporary folder, or of the folder that VFAL_CLAIMS names (to be set alike for all users where
each has a temporary folder of its own). The kernel frees a lock when its holder dies.
"""

import fcntl
import os
import re
import sys
from pathlib import Path
from tempfile import gettempdir
from typing import TextIO

from vfal.core.errors import BusyError

_held: dict[str, TextIO] = {}


def claim(key: str, what: str) -> None:
    """Hold `key` for the rest of this process's life; `BusyError` when another process holds it.

    `what` names the thing in the message. Claiming again what this process holds does nothing.
    """
    if key in _held:
        return
    folder = Path(os.environ.get("VFAL_CLAIMS") or gettempdir()) / "vfal-claims"
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o1777)  # for all users; nobody removes another's file
    handle = _opened(folder / (re.sub(r"[^\w.-]", "_", key) + ".lock"))
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = handle.read().strip() or "another process"
        handle.close()
        raise BusyError(
            f"{what}: {holder} is training on it. Wait for it to end, stop it, or choose another with "
            "machine.device."
        ) from None
    handle.truncate(0)
    handle.write(f"process {os.getpid()} ({' '.join(sys.argv)[:200]}, in {Path.cwd()})")
    handle.flush()
    _held[key] = handle


def _opened(path: Path) -> TextIO:
    """The lock file, open to read and write, whoever made it."""
    try:
        # Linux refuses to create, even as a formality, another user's file in a folder for all.
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        path.chmod(0o666)
    return os.fdopen(descriptor, "r+", encoding="utf-8")
