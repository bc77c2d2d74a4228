"""`vfal leaderboard`: the shelf's maps, several models side by side."""

import json
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

from vfal.core.config.params import Params, load_params
from vfal.core.config.shelf_models import ordered
from vfal.core.death import dying_with_this_process
from vfal.core.errors import MachineError
from vfal.core.paths import REPORTS
from vfal.core.state import only_one
from vfal.doctor.feasible import refuse_what_cannot_work
from vfal.dvc_locks import mend_locks
from vfal.dvc_stages import dvc_command, tool_environment
from vfal.shelf_maps import TABLE, map_of, stages_of, write_maps

BEFORE = ("embed", "validate")  # the stages of dvc.yaml that the shelf learns from
_console = Console(highlight=False)


def run_leaderboard(jobs: int, only: Sequence[str] = ()) -> None:
    """Bring the data up to date, then every model, `jobs` of them at a time, then the table.

    What is fresh is skipped. When a model fails the others come to their end, then it is told. With `only`
    it is these models and no table. A name that params.yaml does not have is a `ConfigError`.
    """
    params = load_params()
    refuse_what_cannot_work(params, Path.cwd())
    models = list(only or params.train_method.models)
    for name in models:
        ordered(params, name)  # wrong keys are refused before any work
    with only_one("shelf", "vfal leaderboard"):
        for line in write_maps(params, Path.cwd()) + mend_locks(Path.cwd()):
            _console.print(line, soft_wrap=True)
        _repro(BEFORE)
        stale = _stale(params, models)
        with ThreadPoolExecutor(jobs) as pool:
            done = [pool.submit(_repro, ["--single-item", *stages_of(params, name)]) for name in stale]
        for model in done:
            model.result()
        if only:
            _console.print("The table waits for all models: `vfal leaderboard` without --only makes it.")
            return
        _repro(["--single-item", TABLE])
    from vfal.tracking.mirror import sync

    _console.print(sync(params))
    _console.print(f"Leaderboard: {(REPORTS / 'leaderboard.html').absolute()}", soft_wrap=True)


def _stale(params: Params, models: Sequence[str]) -> list[str]:
    """Those of the models that dvc would train or evaluate anew; asked of all at once."""
    maps = {str(map_of(params.train_method.models[name].method)) for name in models}
    asked = subprocess.run(
        dying_with_this_process([dvc_command(), "--wait-for-lock", "status", "--json", *sorted(maps)]),
        env=tool_environment(),
        stdout=subprocess.PIPE,
        check=False,
    )
    if asked.returncode:
        raise MachineError(f"dvc status ended with exit code {asked.returncode}; the reason stands above.")
    changed = set(json.loads(asked.stdout))
    return [name for name in models if changed & {*stages_of(params, name)}]


def _repro(arguments: Sequence[str]) -> None:
    command = [dvc_command(), "--wait-for-lock", "repro", *arguments]
    code = subprocess.run(dying_with_this_process(command), env=tool_environment(), check=False).returncode
    if code:
        raise MachineError(f"dvc repro ended with exit code {code}; the reason stands above.")
