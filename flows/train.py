"""The flow `train`: the stages of dvc.yaml in their order, then the mirror to MLflow.

DVC decides what is stale and the trainer continues by fingerprint, so every run and every retry may simply
start from the first stage: what is done is skipped.
"""

import contextlib
import re
import subprocess
from pathlib import Path
from typing import Annotated, Any

import typer
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed

from flows.alive import hold_run
from flows.artifacts import Progress, show_headline, show_identity_weights
from flows.command import run_command
from flows.server import api, tool
from vfal.core.config.params import load_params
from vfal.core.death import dying_with_this_process
from vfal.core.state import only_one
from vfal.dvc_locks import mend_locks
from vfal.dvc_stages import run_stage, stages_in_order, tool_environment

LOCK = ("repro", "flow train")  # the lock of `vfal repro`, too
NAMES = {"skipped": "Skipped", "restored": "FromCache"}
HINTS = re.compile(
    r"\s*$|To track the changes with git|\s+git add |To enable auto staging|\s+dvc config |Use `dvc push`"
)
HOPELESS = re.compile(r"\b(BusyError|ConfigError|DataError|ValidationBreach|WeightsError|DivergedError): ")


@task(cache_policy=NO_CACHE, persist_result=False)
def stage(name: str, force: bool) -> State[Any] | None:
    """One stage, as DVC runs it; the state is Skipped or FromCache when DVC did not run it."""
    log = get_run_logger()

    def say(line: str) -> None:
        if not HINTS.match(line):
            log.info("%s", line)

    outcome = run_stage(name, Path.cwd(), force=force, say=say)
    return Completed(name=NAMES[outcome], message=f"DVC {outcome} {name}") if outcome in NAMES else None


@task(name="sync", task_run_name="sync", cache_policy=NO_CACHE, persist_result=False)
def sync() -> None:
    """`vfal sync`; whatever MLflow answers is a line in the log."""
    done = subprocess.run(
        dying_with_this_process(tool("vfal", "sync")),
        check=False,
        env=tool_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    log = get_run_logger().warning if done.returncode else get_run_logger().info
    for line in done.stdout.splitlines():
        log("%s", line)


@flow(name="train", on_running=[hold_run], persist_result=False)
def train(targets: list[str] | None = None, force: bool = False, folder: str = "") -> dict[str, str]:
    """Run the stages of dvc.yaml, each as a task, and mirror them to MLflow; what became of each.

    Args:
        targets: stages to run, with what they need; all when none is named.
        force: run them even where nothing has changed.
        folder: the checkout; empty for the folder the flow is started in.
    """
    with contextlib.chdir(folder or "."), only_one(*LOCK):
        settings = load_params().flows
        for line in mend_locks(Path.cwd()):
            get_run_logger().warning(line)
        names = stages_in_order(Path.cwd(), targets or ())
        progress = Progress(of=len(names))
        became: dict[str, str] = {}
        for done, name in enumerate(names, start=1):
            final = stage.with_options(
                name=name,
                task_run_name=name,
                retries=settings.retries,
                retry_delay_seconds=list(settings.retry_delays_s),
                retry_condition_fn=_worth_a_retry,
                timeout_seconds=settings.stage_timeout_s,
            )(name, force, return_state=True)
            if not final.is_completed():
                final.result()  # raises what the stage raised
            became[name] = "ran" if final.name == "Completed" else str(final.name)
            progress.show(done, f"{name} {final.name}")
            if name == "weigh_identities":
                show_identity_weights()
        sync()
        show_headline()
        get_run_logger().info("%s", summary(became))
    return became


def summary(became: dict[str, str]) -> str:
    """How many stages ran, were skipped and came from DVC's cache."""
    count = {what: list(became.values()).count(what) for what in ("ran", "Skipped", "FromCache")}
    return f"{len(became)} stages: " + ", ".join(f"{number} {what}" for what, number in count.items())


def _worth_a_retry(task: Any, run: Any, state: State[Any]) -> bool:
    """Whether another attempt may end better: not when somebody has to put something right first."""
    return not HOPELESS.search(state.message or "")


def main(
    target: Annotated[list[str] | None, typer.Option(help="A stage, with what it needs; repeatable.")] = None,
    force: Annotated[bool, typer.Option(help="Run every stage, stale or not.")] = False,
) -> None:
    """Run the flow here, with the Prefect server that is there or one of its own for the time."""
    with only_one(*LOCK):  # refused at once, before a server is started for nothing
        for line in mend_locks(Path.cwd()):
            typer.echo(line)
        stages_in_order(Path.cwd(), target or ())
    with api(load_params().flows):
        train(targets=target, force=force)


if __name__ == "__main__":
    run_command(main)
