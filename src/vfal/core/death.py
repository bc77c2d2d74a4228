"""A process that does not outlive the one that started it. Imports nothing heavy."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int | None = None) -> None:
    """Ask the kernel to kill this process when its parent dies (Linux; elsewhere nothing happens).

    Killing `dvc` would otherwise leave a trainer behind that goes on writing files which the next run
    writes too. `parent` is who started this process, where that is known: it may be gone by now.
    """
    if sys.platform == "linux":
        parent = parent or os.getppid()
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)


def dying_with_this_process(command: list[str]) -> list[str]:
    """`command`, to be started so that it dies with this process; safe where this process has threads."""
    # -P: with this folder first on the path, our types.py would stand in for Python's own.
    return [sys.executable, "-S", "-P", __file__, str(os.getpid()), *command]


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 (the command of `dying_with_this_process`)
