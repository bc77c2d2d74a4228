"""One stage at a time: what a flow asks DVC to do, and what DVC answered."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from vfal.core.death import dying_with_this_process
from vfal.core.errors import MachineError
from vfal.core.paths import state_folder

Outcome = Literal["ran", "skipped", "restored"]
SKIPPED, RESTORED = "didn't change, skipping", "is cached - skipping run, checking out outputs"


def tool_environment() -> dict[str, str]:
    """The environment that dvc and its stages run in: this venv first on PATH, a plain shell, own caches."""
    here = str(Path(sys.executable).parent)
    return os.environ | {
        "PATH": os.pathsep.join([here, os.environ.get("PATH", os.defpath)]),
        "SHELL": "/bin/sh",
        # The default is a folder that all users of the machine share.
        "DVC_SITE_CACHE_DIR": os.environ.get("DVC_SITE_CACHE_DIR", str(state_folder() / "dvc")),
    }


def dvc_command() -> str:
    """The dvc of this environment; a `MachineError` when it is not there."""
    dvc = Path(sys.executable).with_name("dvc")
    if not dvc.exists():
        raise MachineError(f"{dvc}: not there. Run `make setup`.")
    return str(dvc)


def stages_in_order(folder: Path) -> list[str]:
    """The names of all stages of `folder`/dvc.yaml, each after those it depends on."""
    return list(needs_of_stages(folder))


def needs_of_stages(folder: Path) -> dict[str, list[str]]:
    """What each stage of `folder`/dvc.yaml directly depends on; each comes after those it depends on."""
    import networkx
    from dvc.repo import Repo

    with Repo(str(folder)) as repo:
        graph = repo.index.graph  # an edge leads from a stage to what it needs
        listed = {stage: place for place, stage in enumerate(repo.index.stages)}
        order = networkx.lexicographical_topological_sort(graph.reverse(), key=listed.__getitem__)
        return {
            # Not stage.addressing, which depends on the folder that this process stands in.
            stage.name: sorted(need.name for need in graph.successors(stage))
            for stage in order
        }


def run_stage(
    name: str,
    folder: Path,
    *,
    force: bool = False,
    environment: Mapping[str, str] | None = None,
    say: Callable[[str], None] = print,
) -> Outcome:
    """`dvc repro --single-item name` in `folder`; whether the stage ran, was fresh, or came from DVC's cache.

    `say` gets every line that dvc and the stage print. The stage dies with dvc, and dvc with this process.
    A failure is a `MachineError` that ends with the stage's own last lines.
    """
    force_flag = ["--force"] if force else []
    process = subprocess.Popen(
        # Stages that run side by side share dvc's lock; a training must not be lost for three seconds' wait.
        dying_with_this_process(
            [dvc_command(), "--wait-for-lock", "repro", "--single-item", *force_flag, name]
        ),
        cwd=folder,
        env=tool_environment() | dict(environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    outcome: Outcome = "ran"
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.rstrip().endswith(SKIPPED):
                outcome = "skipped"
            elif line.rstrip().endswith(RESTORED):
                outcome = "restored"
            say(line.rstrip())
        code = process.wait()
    except BaseException:  # a cancelled or timed-out flow: nothing may go on behind its back
        process.kill()
        process.wait()
        raise
    if code:
        told = [line for line in lines if line and not line.startswith("ERROR: failed to reproduce")]
        raise MachineError(f"stage {name}: dvc ended with exit code {code}. " + " | ".join(told[-3:]))
    return outcome
