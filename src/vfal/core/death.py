"""A process that does not outlive the one that started it. Imports nothing heavy."""

import ctypes
import os
import select
import signal
import sys
import threading

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


def die_with_starter() -> None:
    """Die with the parent and, where that is a shell in between (`sh -c`), with who started the shell.

    dvc runs a stage through a shell. Most become the command they are given; dash stays, and would outlive
    a dvc that is killed, together with the stage.
    """
    parent = os.getppid()
    die_with_parent(parent)
    if sys.platform == "linux" and (starter := _starter_of_shell(parent)):
        try:
            handle = os.pidfd_open(starter)
        except ProcessLookupError:
            os.kill(os.getpid(), signal.SIGKILL)
        threading.Thread(target=_die_when_readable, args=(handle,), daemon=True).start()


def _starter_of_shell(pid: int) -> int | None:
    """The parent of `pid` when that is a shell running one command; None otherwise."""
    from pathlib import Path  # not needed by the guard below, which starts before every dvc

    folder = Path("/proc") / str(pid)
    if folder.joinpath("cmdline").read_bytes().split(b"\0")[-3:-2] != [b"-c"]:  # ..., -c, command, ""
        return None
    after_name = folder.joinpath("stat").read_text(encoding="utf-8").rpartition(")")[2]
    return int(after_name.split()[1])


def _die_when_readable(handle: int) -> None:
    waiting = select.poll()  # a pidfd becomes readable when its process ends
    waiting.register(handle, select.POLLIN)
    waiting.poll()
    os.kill(os.getpid(), signal.SIGKILL)


def dying_with_this_process(command: list[str]) -> list[str]:
    """`command`, to be started so that it dies with this process; safe where this process has threads."""
    # -P: with this folder first on the path, our types.py would stand in for Python's own.
    return [sys.executable, "-S", "-P", __file__, str(os.getpid()), *command]


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 (the command of `dying_with_this_process`)
