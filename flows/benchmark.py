"""The whole map with everything at once that can be: one task per stage, on a Dask cluster.

    python -m flows.benchmark                                       a cluster of this machine's cores
    python -m flows.benchmark --scheduler tcp://10.0.0.1:8786       one that runs already, on any machines

What depends on what is read from dvc.yaml, and DVC decides what is stale, as ever: variants train side by
side and each model is evaluated as soon as it is there. On a machine with a GPU the default is one stage
at a time; several GPUs are used through Dask workers that each see one of them (docs/scaling.md).
"""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed
from prefect_dask.task_runners import DaskTaskRunner

from vfal.core.config.params import load_params
from vfal.core.errors import VfalError
from vfal.core.paths import PARAMS, REPORTS
from vfal.core.switches import switch_off
from vfal.core.workers import worker_count
from vfal.dvc_stages import needs_of_stages, run_stage, tool_environment

STATES = {"ran": "Completed", "skipped": "Skipped", "restored": "FromCache"}


class Row(TypedDict):
    """What became of one stage."""

    stage: str
    state: str
    seconds: float


@task(task_run_name="{name}", cache_policy=NO_CACHE, persist_result=False, retries=1, retry_delay_seconds=5)
def one_stage(name: str, folder: str) -> State[Any]:
    """Run one stage through DVC; the state's name says whether it ran, was fresh, or came from the cache."""
    started = time.monotonic()
    outcome = run_stage(name, Path(folder), say=get_run_logger().info)
    row: Row = {"stage": name, "state": STATES[outcome], "seconds": round(time.monotonic() - started, 1)}
    return Completed(name=STATES[outcome], message=f"{name}: {outcome}", data=row)


@flow(name="stages-side-by-side", persist_result=False)
def side_by_side(folder: str, needs: dict[str, list[str]]) -> list[Row]:
    """Run every stage as soon as what it needs is there; raises the first failure when all have ended."""
    futures: dict[str, Any] = {}
    for name, needed in needs.items():
        futures[name] = one_stage.submit(
            name=name, folder=folder, return_state=False, wait_for=[futures[need] for need in needed]
        )
    return [future.result() for future in futures.values()]


@flow(name="benchmark", persist_result=False)
def benchmark(folder: str = ".", scheduler: str = "", processes: int = 0, sync: bool = True) -> list[Row]:
    """Bring every model and its figures up to date, and tell MLflow.

    Args:
        folder: A checkout; all workers must see it under the same path.
        scheduler: Address of a Dask scheduler; empty starts a cluster here for the time of the flow.
        processes: Stages at a time on the cluster started here; 0 = every core, or 1 with a GPU.
        sync: Mirror the runs to MLflow at the end; a dead server is a note, not a failure.
    """
    checkout = Path(folder).absolute()
    runner = _runner(scheduler, processes or _stages_at_a_time(checkout))
    rows = side_by_side.with_options(task_runner=runner)(str(checkout), needs_of_stages(checkout))
    create_table_artifact(table=[dict(row) for row in rows], key="benchmark-stages", description="Stages")
    results = checkout / REPORTS / "results.md"
    if results.exists():
        create_markdown_artifact(markdown=results.read_text(encoding="utf-8"), key="benchmark-results")
    if sync:
        get_run_logger().info(_sync(checkout))
    return rows


def _runner(scheduler: str, processes: int) -> Any:  # its futures are none of Prefect's own
    if scheduler:
        return DaskTaskRunner(address=scheduler)
    # A stage is a process of its own that computes; the worker's one thread waits for it.
    here: Mapping[str, Any] = {"host": "127.0.0.1", "dashboard_address": None}
    return DaskTaskRunner(cluster_kwargs={"n_workers": processes, "threads_per_worker": 1, **here})


def _stages_at_a_time(checkout: Path) -> int:
    import torch

    on_gpu = load_params(checkout / PARAMS).machine.device != "cpu" and torch.cuda.is_available()
    return 1 if on_gpu else worker_count(0)


def _sync(checkout: Path) -> str:
    told = subprocess.run(
        [sys.executable, "-m", "vfal.start", "sync"],
        cwd=checkout,
        env=tool_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return (told.stdout or told.stderr).strip()


def main() -> None:
    """Run the flow once; one sentence and exit code 1 when a stage fails."""
    from typing import Annotated

    import typer

    def run(
        folder: Annotated[str, typer.Option(help="A checkout.")] = ".",
        scheduler: Annotated[str, typer.Option(help="A Dask scheduler, tcp://host:port.")] = "",
        processes: Annotated[int, typer.Option(help="Stages at a time; 0 = every core, 1 with a GPU.")] = 0,
        sync: Annotated[bool, typer.Option(help="Mirror the runs to MLflow at the end.")] = True,
    ) -> None:
        try:
            benchmark(folder, scheduler, processes, sync)
        except VfalError as error:
            typer.echo(f"{type(error).__name__}: {error}", err=True)
            raise typer.Exit(1) from None

    switch_off()
    typer.run(run)


if __name__ == "__main__":
    main()
