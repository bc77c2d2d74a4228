"""Prefect's server and the worker of this checkout: started, watched and ended together."""

import subprocess
import time

import typer

from flows.plan import POOL
from flows.server import start, start_server, stop, tool, wait_until_it_answers
from flows.zombies import worker_name
from vfal.core.config.flows import Flows
from vfal.core.errors import MachineError

LEAST_LIFE_S = 20.0  # of a server or worker; one that dies earlier would only die again


class Services:
    """Server and worker of this checkout, started, watched and ended together."""

    def __init__(self, settings: Flows) -> None:
        self._settings = settings
        self._server: subprocess.Popen[bytes] | None = None
        self._worker: subprocess.Popen[bytes] | None = None
        self._born: dict[str, float] = {}

    @property
    def serving(self) -> bool:
        """Whether the server is alive."""
        return self._server is not None and self._server.poll() is None

    def start_server(self) -> None:
        """Start the server and wait until it answers."""
        self._born["server"] = time.monotonic()
        self._server = start_server(self._settings.port)
        wait_until_it_answers(self._server, self._settings.port, self._settings.start_timeout_s)

    def start_worker(self) -> None:
        """Start the worker of the pool."""
        self._born["worker"] = time.monotonic()
        command = tool("prefect", "worker", "start", "--pool", POOL, "--name", worker_name())
        self._worker = start(command, {"PREFECT_WORKER_QUERY_SECONDS": str(self._settings.poll_s)})

    def revive(self) -> None:
        """Start again what has died; a `MachineError` when it dies as soon as it is started."""
        for name, process, again in (
            ("server", self._server, self.start_server),
            ("worker", self._worker, self.start_worker),
        ):
            if process is None or process.poll() is None:
                continue
            if time.monotonic() - self._born[name] < LEAST_LIFE_S:
                raise MachineError(
                    f"Prefect's {name} ended with code {process.returncode} as soon as it was started."
                )
            typer.echo(f"Prefect's {name} has died (code {process.returncode}); it is started again.")
            again()

    def stop_worker(self) -> None:
        """End the worker, and the run it has with it."""
        if self._worker is not None:
            stop(self._worker)

    def stop_server(self) -> None:
        """End the server."""
        if self._server is not None:
            stop(self._server)
