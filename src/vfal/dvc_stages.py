"""One stage at a time: what a flow asks DVC to do, and what DVC answered."""

import os
import select
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from vfal.core.death import dying_with_this_process
from vfal.core.errors import BusyError, ConfigError, MachineError
from vfal.core.paths import state_folder
from vfal.core.shelf import nearest

Outcome = Literal["ran", "skipped", "restored"]
BUSY = "is busy, it is being blocked by"
AWAKE_MS = 500
# glibc hands an array of some MiB back to the kernel when it is freed and asks for it again a moment later;
# clearing these pages took a sixth of an evaluation. Other C libraries do not read these.
KEEPING_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
SKIPPED, RESTORED = "didn't change, skipping", "is cached - skipping run, checking out outputs"


def tool_environment() -> dict[str, str]:
    """The environment that dvc and its stages run in: this venv first on PATH, a plain shell, own caches."""
    here = str(Path(sys.executable).parent)
    return (
        KEEPING_MEMORY
        | os.environ
        | {
            "PATH": os.pathsep.join([here, os.environ.get("PATH", os.defpath)]),
            "SHELL": "/bin/sh",
            # The default is a folder that all users of the machine share.
            "DVC_SITE_CACHE_DIR": os.environ.get("DVC_SITE_CACHE_DIR", str(state_folder() / "dvc")),
        }
    )


def dvc_command() -> str:
    """The dvc of this environment; a `MachineError` when it is not there."""
    dvc = Path(sys.executable).with_name("dvc")
    if not dvc.exists():
        raise MachineError(f"{dvc}: not there. Run `make setup`.")
    return str(dvc)


def stages_in_order(folder: Path, targets: Sequence[str] = ()) -> list[str]:
    """The names of the stages of `folder`/dvc.yaml, each after those it depends on.

    With `targets`, only these and what they need; a target may also name a repeated stage as a whole.
    """
    needs = needs_of_stages(folder)
    if not targets:
        return list(needs)
    wanted = {name for target in targets for name in _named(target, needs)}
    for name in reversed(needs):  # a stage is listed after those it needs
        if name in wanted:
            wanted |= set(needs[name])
    return [name for name in needs if name in wanted]


def needs_of_stages(folder: Path) -> dict[str, list[str]]:
    """What each stage of `folder`/dvc.yaml directly depends on; each comes after those it depends on.

    Stages of other maps below the folder (the leaderboard's) are left out.
    """
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
            if Path(stage.path).parent == Path(repo.root_dir)
        }


def _named(target: str, names: Collection[str]) -> list[str]:
    found = [name for name in names if target in (name, name.partition("@")[0])]
    if not found:
        raise ConfigError(f"stage '{target}': not in dvc.yaml. {nearest(target, names)}")
    return found


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
    A failure is a `MachineError` that ends with the stage's own last lines, or a `BusyError` when another
    run holds what the stage needs.
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
    )
    outcome: Outcome = "ran"
    lines: list[str] = []
    try:
        for line in _lines(process):
            lines.append(line)
            if line.endswith(SKIPPED):
                outcome = "skipped"
            elif line.endswith(RESTORED):
                outcome = "restored"
            say(line)
        code = process.wait()
    except BaseException:  # a cancelled or timed-out flow: nothing may go on behind its back
        process.kill()
        process.wait()
        raise
    if code and (busy := [line for line in lines if BUSY in line or "BusyError: " in line]):
        raise BusyError(f"stage {name}: another run is at work in {folder}. {' | '.join(busy)}")
    if code:
        told = [line for line in lines if line and not line.startswith("ERROR: failed to reproduce")]
        raise MachineError(f"stage {name}: dvc ended with exit code {code}. " + " | ".join(told[-3:]))
    return outcome


def _lines(process: "subprocess.Popen[bytes]") -> Iterator[str]:
    """What a process prints, line by line.

    Looks up every `AWAKE_MS`: a timeout of a flow's thread is an exception that waits for the next line of
    Python, and would wait for the stage's next words.
    """
    assert process.stdout is not None
    pipe, rest, waiting = process.stdout.fileno(), b"", select.poll()
    waiting.register(pipe, select.POLLIN)
    with process.stdout:
        while True:
            if not waiting.poll(AWAKE_MS):
                continue
            read = os.read(pipe, 1 << 16)
            *whole, rest = (rest + read).split(b"\n")
            if not read and rest:
                whole.append(rest)
            yield from (line.decode(errors="replace").rstrip() for line in whole)
            if not read:
                return
