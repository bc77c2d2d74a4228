"""`vfal leaderboard`: the shelf's map, several models side by side."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from vfal.core.config.params import load_params
from vfal.core.config.shelf_models import ordered
from vfal.core.death import dying_with_this_process
from vfal.core.errors import MachineError
from vfal.core.paths import REPORTS
from vfal.core.state import only_one
from vfal.doctor.feasible import refuse_what_cannot_work
from vfal.dvc_stages import dvc_command, tool_environment

MAP = "leaderboard/dvc.yaml"
BEFORE = ("embed", "validate")  # the stages of dvc.yaml that the shelf learns from
_console = Console(highlight=False)


def run_leaderboard(jobs: int) -> None:
    """Bring the data up to date, then every model, `jobs` of them at a time, then the table.

    Each job is one `dvc repro` that works through its share of the models; what is fresh is skipped.
    """
    params = load_params()
    refuse_what_cannot_work(params, Path.cwd())
    models = list(params.train_method.models)
    for name in models:
        ordered(params, name)  # wrong keys are refused before any work
    with only_one("shelf", "vfal leaderboard"):
        _together([["repro", *BEFORE]])
        shares = [models[place::jobs] for place in range(min(jobs, len(models)))]
        stages = ("train_method", "evaluate_method")
        wanted = [[f"{MAP}:{stage}@{name}" for name in share for stage in stages] for share in shares]
        _together([["repro", "--single-item", *targets] for targets in wanted])
        _together([["repro", "--single-item", f"{MAP}:leaderboard"]])
    from vfal.tracking.mirror import sync

    _console.print(sync(params))
    _console.print(f"Leaderboard: {(REPORTS / 'leaderboard.html').absolute()}", soft_wrap=True)


def _together(commands: Sequence[Sequence[str]]) -> None:
    """Run dvc commands side by side; when one fails the others come to their end, then it is told."""
    running = [
        subprocess.Popen(
            dying_with_this_process([dvc_command(), "--wait-for-lock", *command]), env=tool_environment()
        )
        for command in commands
    ]
    codes = [process.wait() for process in running]
    sys.stdout.flush()
    if failed := [code for code in codes if code]:
        raise MachineError(f"dvc repro ended with exit code {failed[0]}; the reason stands above.")
