"""`vfal leaderboard`: the shelf's maps, several models side by side."""

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from time import monotonic

from rich.console import Console

from vfal.core.config.params import Params, load_params
from vfal.core.config.shelf_models import ordered
from vfal.core.death import dying_with_this_process
from vfal.core.errors import MachineError, VfalError
from vfal.core.files import read_json
from vfal.core.paths import REPORTS
from vfal.core.state import only_one
from vfal.core.workers import only_bar
from vfal.doctor.feasible import refuse_what_cannot_work
from vfal.dvc_locks import mend_locks
from vfal.dvc_stages import dvc_command, run_stage, tool_environment
from vfal.shelf_maps import TABLE, map_of, stages_of, write_maps

BEFORE = ("embed", "validate")  # the stages of dvc.yaml that the shelf learns from
_console = Console(highlight=False)


def run_leaderboard(jobs: int, only: Sequence[str] = ()) -> None:
    """Bring the data up to date, then every model, `jobs` of them at a time, then the table.

    What is fresh is skipped. When a model fails the others come to their end, then there is no table but a
    `MachineError` with the names. With `only` it is these models and no table. A name that params.yaml does
    not have is a `ConfigError`.
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
        _console.print(f"Asking DVC which of {len(models)} models changed.")
        _bring(params, _stale(params, models), jobs)
        if not only:
            _repro(["--single-item", TABLE])
    from vfal.tracking.mirror import sync

    _console.print(sync(params))
    if only:
        _console.print("The table waits for all models: `vfal leaderboard` without --only makes it.")
    else:
        _console.print(f"Leaderboard: {(REPORTS / 'leaderboard.html').absolute()}", soft_wrap=True)


def _bring(params: Params, models: Sequence[str], jobs: int) -> None:
    """Train and evaluate models, `jobs` at a time; a line for each: its number, or what stopped it."""
    number, failed = params.leaderboard.sort_by, []
    widest = max(map(len, models), default=0)
    if models:
        _console.print(f"{number} of each model that is done, and its seconds:")
    pool = ThreadPoolExecutor(jobs)
    try:
        at_work = {pool.submit(_bring_one, params, name): name for name in models}
        with only_bar() as bar:
            for done in bar.track(as_completed(at_work), total=len(models), description="models"):
                name = at_work[done]
                try:
                    seconds = done.result()
                    found = read_json(REPORTS / "shelf" / f"{name}.json").get(number)
                    said = f"{'-' if found is None else f'{found:.3f}':>5}  {seconds:4.0f} s"
                except VfalError as error:
                    failed.append(name)
                    said = f"failed: {error}"
                # Past rich's console, which would write into the bar.
                sys.stdout.write(f"{name:<{widest}}  {said}\n")
                sys.stdout.flush()
    finally:
        pool.shutdown(cancel_futures=True)  # who interrupts this does not want the rest
    if failed:
        raise MachineError(f"{len(failed)} of {len(models)} models failed: {', '.join(failed)}; see above.")


def _bring_one(params: Params, name: str) -> float:
    """Train and evaluate one model; how long it took. What its stages print is told only when they fail."""
    began = monotonic()
    for stage in stages_of(params, name):
        run_stage(stage, Path.cwd(), say=lambda line: None)
    return monotonic() - began


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
