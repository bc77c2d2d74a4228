"""Prefect's server: the one that is there, or one for as long as it is needed."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

from flows.alive import records
from vfal.core.config.flows import Flows
from vfal.core.death import dying_with_this_process
from vfal.core.errors import DataError, MachineError
from vfal.core.files import read_json
from vfal.core.paths import state_folder

API = "PREFECT_API_URL"
FLUSH_S = 10.0
LOG_LINES = 5  # of a server that did not start, in the message


def address_file() -> Path:
    """Where `flows.serve` says at which address it serves this checkout."""
    return records() / "server.json"


def tool(name: str, *arguments: str) -> list[str]:
    """A command of this environment."""
    return [str(Path(sys.executable).with_name(name)), *arguments]


def answers(url: str) -> bool:
    """Whether a Prefect server answers at `url`, which ends in /api."""
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def known_server() -> str | None:
    """The API of the server to use: that of the environment, or the one that serves this checkout."""
    if url := os.environ.get(API):
        return url
    try:
        url = str(read_json(address_file())["url"])
    except DataError:
        return None
    return url if answers(url) else None


@contextmanager
def api(settings: Flows) -> Iterator[str]:
    """The API that flows of this process use while the block runs: a known server, or one of its own.

    A server named by `PREFECT_API_URL` that does not answer is a `MachineError`. A server of its own
    keeps its runs in the same database as `flows.serve`, schedules nothing, and dies with this process.
    """
    url = known_server()
    if url is None:
        with server(free_port(), settings.start_timeout_s, "--no-scheduler", "--no-ui") as own:
            use(own)
            try:
                yield own
            finally:
                _say_all()
                del os.environ[API]
        return
    if not answers(url):
        raise MachineError(
            f"{url}: no Prefect server answers ({API}). Start it, correct the address, or unset {API}."
        )
    use(url)
    yield url


def use(url: str) -> None:
    """Let Prefect, in this process and its children, speak to the API at `url` from now on."""
    os.environ[API] = url
    from prefect.context import refresh_global_settings_context

    refresh_global_settings_context()


def _say_all() -> None:
    """Send what Prefect has not sent yet; it would go on trying, for a minute, when the server is gone."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogHandler

    APILogHandler().flush()
    EventsWorker.drain_all(timeout=FLUSH_S)


@contextmanager
def server(port: int, start_timeout_s: float, *options: str) -> Iterator[str]:
    """A Prefect server on 127.0.0.1 while the block runs; its API. It dies with this process."""
    process = start_server(port, *options)
    try:
        url = wait_until_it_answers(process, port, start_timeout_s)
        yield url
    finally:
        stop(process)


def start_server(port: int, *options: str) -> "subprocess.Popen[bytes]":
    """Start a server that dies with this process; what it says goes to `log_file()`."""
    log_file().parent.mkdir(parents=True, exist_ok=True)
    command = tool("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), *options)
    with log_file().open("ab") as log:
        return start(command, {API: api_of(port)}, log=log)


def start(
    command: list[str], more: Mapping[str, str], log: IO[bytes] | None = None
) -> "subprocess.Popen[bytes]":
    """Start a process that dies with this one, out of reach of the terminal's Ctrl-C."""
    return subprocess.Popen(
        dying_with_this_process(command),
        env=os.environ | dict(more),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT if log else None,
        start_new_session=True,
    )


def wait_until_it_answers(process: "subprocess.Popen[bytes]", port: int, timeout_s: float) -> str:
    """The API of a server that was just started; a `MachineError` with its last words when it fails."""
    url, deadline = api_of(port), time.monotonic() + timeout_s
    while not answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            said = log_file().read_text(encoding="utf-8", errors="replace").split("\n")
            last = " | ".join([line.strip() for line in said if line.strip()][-LOG_LINES:])
            raise MachineError(f"Prefect's server did not start on port {port}. {last}")
        time.sleep(0.1)
    return url


def stop(process: "subprocess.Popen[bytes]", patience_s: float = 10) -> None:
    """End a process of ours: asked first, killed when it does not listen."""
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def log_file() -> Path:
    """What the server says."""
    return state_folder() / "prefect" / "server.log"


def api_of(port: int) -> str:
    """Address of the API of a server on this machine."""
    return f"http://127.0.0.1:{port}/api"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def refuse_taken(port: int) -> None:
    """A `MachineError` when somebody listens on `port` of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise MachineError(
                f"flows.port: port {port} of 127.0.0.1 is taken ({error.strerror}). End who has it, or "
                "choose another in params.yaml."
            ) from None
