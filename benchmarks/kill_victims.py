"""Who is killed, when, and how the run goes on to its end."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console

from kill_yard import Yard

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
MOST_RUNS = 4  # after a kill


@dataclass
class Row:
    """What became of one victim's kills."""

    victim: str
    blows: list[str] = field(default_factory=list)
    hits: int = 0
    left_behind: int = 0
    same: int = 0
    more_runs: list[int] = field(default_factory=list)


def kill_in_dvc(yard: Yard, victim: str, what: str, kills: int, blows: tuple[signal.Signals, ...]) -> Row:
    """Kill the trainer or dvc in a bare `dvc repro` that starts from nothing."""
    row = Row(victim)
    for kill in range(kills):
        yard.forget(everything=True)
        running, blow = yard.start("dvc", "repro"), blows[kill % len(blows)]
        row.hits += yard.strike(what, blow, within_s=(1.0, 34.0)) is not None
        row.blows.append(blow.name)
        running.wait()
        row.left_behind += not yard.gone("vfal stage")
        _finish(yard, row, lambda: yard.run("dvc", "repro"))
    return row


def kill_in_flow(yard: Yard, victim: str, what: str, kills: int, blows: tuple[signal.Signals, ...]) -> Row:
    """Kill a part of Prefect while a deployed run is at work, then run the deployment again to its end."""
    row = Row(victim)
    for kill in range(kills):
        yard.forget(everything=False)
        blow = blows[kill % len(blows)]
        with _served(yard) as keeper:
            running = yard.start("prefect", "deployment", "run", "train/manual", "--watch", api=True)
            _appears(yard, "vfal stage")
            row.hits += yard.strike(what, blow, within_s=(0.0, 14.0)) is not None
            row.blows.append(blow.name)
            _ended(yard, running, keeper)
        row.left_behind += not yard.gone("vfal stage")
        with _served(yard):
            _finish(yard, row, lambda: _deployed_run(yard))
    return row


def kill_mlflow(yard: Yard, victim: str, what: str, kills: int, blows: tuple[signal.Signals, ...]) -> Row:
    """Kill the MLflow server while a run that mirrors to it is at work."""
    row, port = Row(victim), free_port()
    for kill in range(kills):
        yard.forget(everything=False)
        params = (yard.folder / "params.yaml").read_text(encoding="utf-8")
        (yard.folder / "params.yaml").write_text(
            params.replace('  uri: ""', f'  uri: "http://127.0.0.1:{port}"'), encoding="utf-8"
        )
        server = _mlflow(yard, port)
        running, blow = yard.start("vfal", "repro"), blows[kill % len(blows)]
        row.hits += yard.strike(what, blow, within_s=(1.0, 26.0)) is not None
        row.blows.append(blow.name)
        code = running.wait()
        server.wait()
        row.more_runs.append(int(code != 0))
        _compare(yard, row)
        server = _mlflow(yard, port)
        assert yard.run("vfal", "sync") == 0
        server.kill()
        server.wait()
        (yard.folder / "params.yaml").write_text(params, encoding="utf-8")
    return row


VICTIMS: dict[str, tuple[Callable[..., Row], str, tuple[signal.Signals, ...]]] = {
    "trainer": (kill_in_dvc, "vfal stage", (signal.SIGKILL,)),
    "dvc": (kill_in_dvc, "dvc repro", SIGNALS),
    "flow process": (kill_in_flow, "flows.engine", (signal.SIGKILL,)),
    "worker": (kill_in_flow, "prefect worker start", (signal.SIGKILL,)),
    "Prefect server": (kill_in_flow, "prefect server start", (signal.SIGKILL,)),
    "MLflow server": (kill_mlflow, "mlflow", (signal.SIGKILL,)),
}


def _finish(yard: Yard, row: Row, run: Callable[[], int]) -> None:
    """Run until a run succeeds, but not for ever, then compare."""
    runs = 1
    while run() and runs < MOST_RUNS:
        runs += 1
    row.more_runs.append(runs)
    _compare(yard, row)


def _compare(yard: Yard, row: Row) -> None:
    """Whether the outputs are those of the undisturbed run; what differs is named."""
    found = yard.outputs()
    row.same += found == yard.wanted
    for path in sorted(found.keys() | yard.wanted.keys()):
        if found.get(path) != yard.wanted.get(path):
            kind = (
                "missing" if path not in found else "not expected" if path not in yard.wanted else "differs"
            )
            Console(stderr=True).print(f"{row.victim}: {path}: {kind}")


@contextmanager
def _served(yard: Yard) -> Iterator[subprocess.Popen[bytes]]:
    """Server, worker and deployments, up for the block."""
    keeper = yard.start("python", "-m", "flows.serve")
    try:
        _appears(yard, "prefect worker start")
        yield keeper
    finally:
        keeper.send_signal(signal.SIGTERM)
        keeper.wait()
        assert yard.gone("prefect"), "a part of Prefect outlived flows.serve"


def _deployed_run(yard: Yard) -> int:
    return yard.run("prefect", "deployment", "run", "train/manual", "--watch", api=True)


def _appears(yard: Yard, what: str) -> None:
    deadline = time.monotonic() + 120
    while not yard.processes(what):
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: has not appeared; see {yard.folder.parent / 'last.log'}")
        time.sleep(0.05)


def _ended(yard: Yard, running: subprocess.Popen[bytes], keeper: subprocess.Popen[bytes]) -> None:
    """Wait until the watched run is over, or nobody is left to end it."""
    deadline = time.monotonic() + 120
    while running.poll() is None and keeper.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    running.kill()
    running.wait()


def _mlflow(yard: Yard, port: int) -> subprocess.Popen[bytes]:
    """An MLflow server over a database in the checkout, answering."""
    store = f"sqlite:///{yard.folder.parent / 'server.db'}"
    server = yard.start(
        *("mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", store, "--artifacts-destination", str(yard.folder.parent / "artifacts")),
    )
    deadline = time.monotonic() + 90
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise SystemExit(f"mlflow: does not answer; see {yard.folder.parent / 'last.log'}") from None
            time.sleep(0.2)
        else:
            return server


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
