"""Scheduled retraining as a flow: every step a task, the decision as an artifact and as the final state.

Run it with `python -m flows.retrain`; what it does stands in `vfal.promotion.retraining`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.alive import hold_run
from flows.command import run_command
from flows.server import api
from vfal.core.config.params import load_params
from vfal.core.errors import VfalError
from vfal.promotion.records import as_markdown
from vfal.promotion.retraining import Steps
from vfal.promotion.retraining import retrain as retrain_plainly

Result = TypeVar("Result")
ARTIFACT = "retraining"
TITLES = {"skipped": "Skipped", "restored": "FromCache"}
# A stage that runs in another checkout over the same checkpoints ends some time.
BUSY_TRIES, BUSY_DELAY_S = 10, 60


class Tasks(Steps):
    """Each step as a Prefect task; a stage that DVC skipped or restored shows as such."""

    def do(self, name: str, step: Callable[[], Result]) -> Result:
        """Run one step as a task."""

        def run() -> Any:
            result = step()
            title = TITLES.get(str(result))
            return Completed(name=title, data=result) if title else result

        as_task: Any = task(
            name=name,
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=BUSY_TRIES,
            retry_delay_seconds=BUSY_DELAY_S,
            retry_condition_fn=_busy,
        )
        result: Result = as_task(run)()
        return result

    def say(self, line: str) -> None:
        """Into the run's log."""
        get_run_logger().info(line)


def _busy(task: Any, run: Any, state: State[Any]) -> bool:
    """Whether a step failed because somebody else was at it, which waiting cures."""
    return "BusyError" in (state.message or "")


@flow(name="retrain", on_running=[hold_run], persist_result=False)
def retrain(revision: str = "HEAD") -> State[Any]:
    """Retrain what is committed at `revision` on today's data; promote only what beats the champion."""
    try:
        decision = retrain_plainly(Path.cwd(), revision=revision, steps=Tasks())
    except VfalError as error:
        create_markdown_artifact(f"## failed\n\n{error}\n", key=ARTIFACT, description="no decision")
        return Failed(name=type(error).__name__, message=str(error))
    create_markdown_artifact(as_markdown(decision), key=ARTIFACT, description=decision.outcome)
    return Completed(name=decision.outcome.capitalize(), message=decision.reason)


def main(
    revision: Annotated[str, typer.Option(help="What to retrain: a commit, a branch, a tag.")] = "HEAD",
) -> None:
    """Run the flow here, with the Prefect server that is there or one of its own for the time."""
    with api(load_params().flows):
        ended: State[Any] = retrain(revision=revision, return_state=True)
    typer.echo(f"{ended.name}: {ended.message}")
    if not ended.is_completed():
        raise typer.Exit(1)


if __name__ == "__main__":
    run_command(main)
