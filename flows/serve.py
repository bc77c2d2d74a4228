"""Prefect for this checkout in one command: server, pool, worker and deployments, up and down together."""

import os
import signal
import time
from types import FrameType
from typing import Annotated

import httpx
import typer

from flows.command import run_command
from flows.deployments import deploy, make_pool, next_runs
from flows.plan import Deployment, read_plan
from flows.server import API, address_file, api_of, log_file, refuse_taken, tool, use
from flows.services import Services
from flows.zombies import sweep
from vfal.core.config.flows import Flows
from vfal.core.config.params import load_params
from vfal.core.files import write_json
from vfal.core.state import only_one
from vfal.dvc_stages import tool_environment

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve(settings: Flows) -> None:
    """Serve the flows of this folder until a signal ends it."""
    plan, url = read_plan(), api_of(settings.port)
    with only_one("serve-flows", f"serving flows at {url}"):
        refuse_taken(settings.port)
        os.environ.update(tool_environment())
        services = Services(settings)
        try:
            typer.echo("Starting Prefect's server ...")
            log_file().unlink(missing_ok=True)
            services.start_server()
            use(url)
            _close_zombies(settings)
            make_pool()
            deploy()
            services.start_worker()
            write_json(address_file(), {"url": url})
            _tell(settings, plan)
            _watch(services, settings)
        finally:
            for ending in ENDINGS:
                signal.signal(ending, signal.SIG_IGN)  # a second Ctrl-C would leave half of it behind
            typer.echo("Ending worker and server ...")
            address_file().unlink(missing_ok=True)
            services.stop_worker()
            if services.serving:
                _close_zombies(settings)
            services.stop_server()


def _watch(services: Services, settings: Flows) -> None:
    """Keep server and worker alive, and close runs whose process is gone."""
    swept = time.monotonic()
    while True:
        time.sleep(1)
        services.revive()
        if time.monotonic() - swept > settings.sweep_s:
            _close_zombies(settings)
            swept = time.monotonic()


def _close_zombies(settings: Flows) -> None:
    try:
        for zombie in sweep(settings.claim_s):
            typer.echo(f"Closed run {zombie.name}, {zombie.state} since {zombie.since}: {zombie.why}.")
    except httpx.HTTPError as error:
        typer.echo(
            f"Runs without a process not looked for: {error or type(error).__name__}. Next time, then."
        )


def _tell(settings: Flows, plan: list[Deployment]) -> None:
    """Where it is, what starts by itself and when, and how to start a run from another terminal."""
    url = api_of(settings.port)
    typer.echo(f"Prefect serves this folder at {url.removesuffix('/api')}")
    coming = next_runs(plan, settings.start_timeout_s)
    for deployment in plan:
        typer.echo(f"  {deployment.name:<18} {coming.get(deployment.name, 'when asked')}")
    home = os.environ["PREFECT_HOME"]
    typer.echo(
        f"In another terminal:\n  export {API}={url} PREFECT_HOME={home}\n"
        f"  {tool('prefect')[0]} deployment run '{plan[0].name}'\nCtrl-C ends it all."
    )


def main(
    check: Annotated[bool, typer.Option("--check", help="Only check prefect.yaml.")] = False,
) -> None:
    """Bring up Prefect's server, pool, worker and deployments, until Ctrl-C."""
    if check:
        for deployment in read_plan():
            typer.echo(f"{deployment.name}: {', '.join(deployment.crons) or 'when asked'}")
        return
    for ending in ENDINGS:
        signal.signal(ending, _end)
    serve(load_params().flows)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    run_command(main)
