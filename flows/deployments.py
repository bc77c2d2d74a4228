"""Pool and deployments of this checkout on a server, and when they run next."""

import subprocess
import time

from flows.plan import POOL, Deployment
from flows.server import log_file, tool
from vfal.core.death import dying_with_this_process
from vfal.core.errors import MachineError

TRAININGS_AT_A_TIME = 1  # the courtesy; the guarantee is the trainer's own lock


def make_pool() -> None:
    """The pool `POOL`, which runs one training at a time."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.workers.process import ProcessWorker

    with get_client(sync_client=True) as client:
        client.create_work_pool(
            WorkPoolCreate(
                name=POOL,
                type=ProcessWorker.type,
                base_job_template=ProcessWorker.get_default_base_job_template(),
                concurrency_limit=TRAININGS_AT_A_TIME,
            ),
            overwrite=True,
        )


def deploy() -> None:
    """What prefect.yaml asks for; a `MachineError` with Prefect's last words when it fails."""
    done = subprocess.run(
        dying_with_this_process(tool("prefect", "--no-prompt", "deploy", "--all")),
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise MachineError(f"`prefect deploy --all` failed: {' '.join(done.stdout.split())[-500:]}")


def next_runs(plan: list[Deployment], patience_s: float) -> dict[str, str]:
    """The next run of every deployment with a cron, once the scheduler has made them."""
    deadline = time.monotonic() + patience_s
    wanted = {deployment.name for deployment in plan if deployment.crons}
    coming: dict[str, str] = {}
    while wanted - set(coming):
        if time.monotonic() > deadline:
            missing = ", ".join(sorted(wanted - set(coming)))
            raise MachineError(
                f"Prefect's scheduler made no run for {missing} in {patience_s:.0f} s. `vfal doctor` checks "
                f"the versions it needs; what it said is in {log_file()}."
            )
        time.sleep(0.5)
        coming = _scheduled()
    return coming


def _scheduled() -> dict[str, str]:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort

    which = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])))
    found: dict[str, str] = {}
    with get_client(sync_client=True) as client:
        names = {one.id: one.name for one in client.read_deployments()}
        flows = {one.id: one.name for one in client.read_flows()}
        for run in client.read_flow_runs(flow_run_filter=which, sort=FlowRunSort.EXPECTED_START_TIME_ASC):
            if run.deployment_id in names and run.expected_start_time:
                name = f"{flows[run.flow_id]}/{names[run.deployment_id]}"
                found.setdefault(name, f"next at {run.expected_start_time:%Y-%m-%d %H:%M %Z}")
    return found
