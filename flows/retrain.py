"""Scheduled retraining as a flow: every step a task, the decision as an artifact and as the final state.

Run it with `python -m flows.retrain`; what it does stands in `vfal.promotion.retraining`.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from vfal.core.errors import VfalError
from vfal.core.switches import switch_off
from vfal.core.workers import give_way

give_way()
switch_off()

from prefect import flow, get_run_logger, task  # noqa: E402
from prefect.artifacts import create_markdown_artifact  # noqa: E402
from prefect.cache_policies import NO_CACHE  # noqa: E402
from prefect.client.schemas.objects import State  # noqa: E402
from prefect.states import Completed, Failed  # noqa: E402

from vfal.promotion.records import as_markdown  # noqa: E402
from vfal.promotion.retraining import Steps  # noqa: E402
from vfal.promotion.retraining import retrain as retrain_plainly  # noqa: E402

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


@flow(name="retrain", persist_result=False)
def retrain(revision: str = "HEAD") -> State[Any]:
    """Retrain what is committed at `revision` on today's data; promote only what beats the champion."""
    try:
        decision = retrain_plainly(Path.cwd(), revision=revision, steps=Tasks())
    except VfalError as error:
        create_markdown_artifact(f"## failed\n\n{error}\n", key=ARTIFACT, description="no decision")
        return Failed(name=type(error).__name__, message=str(error))
    create_markdown_artifact(as_markdown(decision), key=ARTIFACT, description=decision.outcome)
    return Completed(name=decision.outcome.capitalize(), message=decision.reason)


if __name__ == "__main__":
    ended = retrain(return_state=True)
    print(f"{ended.name}: {ended.message}")  # noqa: T201
    sys.exit(0 if ended.is_completed() else 1)
