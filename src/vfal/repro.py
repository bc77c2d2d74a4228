"""`vfal repro`: dvc repro with everything around it that a bare `dvc repro` leaves to the user."""

import subprocess
import sys
from pathlib import Path

from rich.console import Console

from vfal.core.config.params import load_params
from vfal.core.death import dying_with_this_process
from vfal.core.errors import MachineError
from vfal.core.state import only_one
from vfal.doctor.feasible import refuse_what_cannot_work
from vfal.dvc_locks import mend_locks
from vfal.dvc_stages import dvc_command, tool_environment

UP_TO_DATE = "Data and pipelines are up to date."
_console = Console(highlight=False)


def run_everything(arguments: list[str]) -> None:
    """`dvc repro` with `arguments`, then mirror the runs, print the result table and where to look."""
    params = load_params()
    refuse_what_cannot_work(params, Path.cwd())
    with only_one("repro", "vfal repro"):
        for line in mend_locks(Path.cwd()):
            _console.print(line, soft_wrap=True)
        changed = _dvc_repro(arguments)
    if not changed:
        _console.print("Nothing has changed since the last run: every stage is up to date.")
    from vfal.tracking.mirror import sync

    _console.print(sync(params))
    from vfal.reporting.terminal import print_results

    print_results()


def _dvc_repro(arguments: list[str]) -> bool:
    """Run `dvc repro`, showing its output; whether anything was done. Its failure is a `MachineError`."""
    process = subprocess.Popen(
        dying_with_this_process([dvc_command(), "repro", *arguments]),
        env=tool_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    changed = True
    for line in process.stdout:
        if line.startswith(UP_TO_DATE):
            changed = False
        sys.stdout.write(line)
        sys.stdout.flush()
    if code := process.wait():
        raise MachineError(f"dvc repro ended with exit code {code}; the reason stands above.")
    return changed
