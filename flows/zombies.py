"""Runs that Prefect believes in and whose process is gone: found, and closed with --fix.

A run is gone when its proof of life says so (alive.py), or when the worker of this checkout claimed it and
never gave it a process. Anything else, such as a run of another machine, is left alone.
"""

import json
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

import typer

from flows.alive import forget, records, sign_of
from flows.command import run_command
from flows.server import answers, api, known_server
from vfal.core.config.params import load_params
from vfal.core.paths import state_folder

WORKER_LABEL = "prefect.worker.name"


@dataclass(frozen=True)
class Zombie:
    """A run without a process, and since when its state says otherwise."""

    flow_run: str
    name: str
    state: str
    since: str
    why: str


def worker_name() -> str:
    """The name of this checkout's worker; no other checkout or machine has it."""
    return f"{socket.gethostname()}-{sha256(str(state_folder()).encode()).hexdigest()[:8]}"


def find(claim_s: float) -> list[Zombie]:
    """The zombies of the server in use; `claim_s` is how long a worker may take to start a process."""
    return [zombie for run in _open_runs() if (zombie := _judge(run, claim_s)) is not None]


def close(zombies: list[Zombie], claim_s: float) -> list[Zombie]:
    """Set those that are still zombies to Crashed, which frees their place in the pool; returns them."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import State
    from prefect.states import Crashed

    closed = []
    with get_client(sync_client=True) as client:
        for zombie in zombies:
            if _judge(client.read_flow_run(UUID(zombie.flow_run)), claim_s) is None:
                continue  # it ended by itself in the meantime
            state: State[Any] = Crashed(message=f"Closed by flows.zombies: {zombie.why}.")
            client.set_flow_run_state(UUID(zombie.flow_run), state, force=True)
            closed.append(zombie)
    return closed


def sweep(claim_s: float) -> list[Zombie]:
    """Find and close; and drop the records of runs that are over."""
    closed = close(find(claim_s), claim_s)
    open_runs = {str(run.id) for run in _open_runs()}
    for lock in records().glob("*.lock"):
        if lock.stem not in open_runs and (sign := sign_of(lock.stem)) and sign.life == "gone":
            forget(lock.stem)
    return closed


def _open_runs() -> list[Any]:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
    from prefect.client.schemas.objects import StateType

    kinds = [StateType.RUNNING, StateType.CANCELLING, StateType.PENDING]
    which = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=kinds)))
    with get_client(sync_client=True) as client:
        return list(client.read_flow_runs(flow_run_filter=which))


def _judge(run: Any, claim_s: float) -> Zombie | None:
    if run.state is None or run.state.type.value not in ("RUNNING", "CANCELLING", "PENDING"):
        return None
    sign = sign_of(str(run.id))
    if sign is None:
        waited_s = (datetime.now(UTC) - run.state.timestamp).total_seconds()
        if run.labels.get(WORKER_LABEL) != worker_name() or waited_s < claim_s:
            return None
        why = f"worker {worker_name()} claimed it {waited_s:.0f} s ago and started no process"
    elif sign.life == "gone":
        why = sign.why
    else:
        return None
    return Zombie(
        str(run.id), run.name, run.state.name, run.state.timestamp.isoformat(timespec="seconds"), why
    )


def main(
    fix: Annotated[bool, typer.Option("--fix", help="Close them as Crashed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects.")] = False,
) -> None:
    """Find flow runs whose process is gone."""
    url = known_server()
    if url is None or not answers(url):
        typer.echo("[]" if as_json else "No Prefect server answers, so there are no flow runs to look at.")
        return
    settings = load_params().flows
    with api(settings):
        found = find(settings.claim_s)
        if fix:
            found = close(found, settings.claim_s)
    if as_json:
        typer.echo(json.dumps([asdict(zombie) for zombie in found], indent=1))
        return
    for zombie in found:
        typer.echo(f"{zombie.name} ({zombie.flow_run}), {zombie.state} since {zombie.since}: {zombie.why}")
    done = "closed" if fix else "found; `--fix` closes them"
    typer.echo(
        f"{len(found)} run(s) without a process {done}." if found else "Every open run has its process."
    )


if __name__ == "__main__":
    run_command(main)
