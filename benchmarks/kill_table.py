"""Kill each part of a running system at random moments: every run ends in the bytes of an undisturbed one.

`kill_table.py [--kills 5] [--victim trainer ...]` works in a clone of its own with the tiny corpus, about a
minute for each kill, and prints a table. Between kills everything from `warm_up` on is forgotten, DVC's
caches too, so that each run has those stages to do; kills of trainer and dvc start from nothing at all.
Nobody may be left behind: after a kill, no stage may outlive the dvc that started it.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from comparing import REPOSITORY

BIN = Path(sys.executable).parent
MADE = ("data", "models", "reports/evaluate", "reports/results.json")
EARLY = ("data/raw", "data/prepared", "data/media", "data/features", "models/encoders")
LATE = ("models/warm_up", "models/identity_weights", "models/trained", "reports/evaluate")
EARLY_CACHE = ".dvc/early"  # DVC's cache as it is before warm_up
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
MOST_RUNS = 4  # after a kill
ALONE_S = 20.0  # within which what a kill takes down is down


@dataclass
class Yard:
    """A checkout with the tiny corpus, and what its outputs are when nobody disturbs it."""

    folder: Path
    port: int
    when: random.Random
    wanted: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """This environment's tools, and code of this checkout."""
        return os.environ | {
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONPATH": f"{self.folder / 'src'}{os.pathsep}{self.folder}",
            "PREFECT_API_URL": f"http://127.0.0.1:{self.port}/api",
        }

    def start(self, *command: str, api: bool = False) -> subprocess.Popen[bytes]:
        """A tool at work in the checkout, its output in `last.log`."""
        environment = self.environment
        if not api:
            del environment["PREFECT_API_URL"]
        with (self.folder.parent / "last.log").open("ab") as log:
            return subprocess.Popen(
                [str(BIN / command[0]), *command[1:]],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
            )

    def run(self, *command: str, api: bool = False) -> int:
        """The exit code of a tool."""
        return self.start(*command, api=api).wait()

    def forget(self, *, everything: bool) -> None:
        """Remove outputs and every cache that could bring them back."""
        gone = [*LATE, *(EARLY if everything else ()), "dvc.lock" if everything else "", ".dvc/cache"]
        for name in filter(None, gone):
            path = self.folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        if not everything:
            shutil.copytree(self.folder / EARLY_CACHE, self.folder / ".dvc/cache", copy_function=os.link)
        for path in (self.folder / ".state").glob("*"):
            if path.name not in ("prefect", "flows", "locks", "dvc"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def outputs(self) -> dict[str, str]:
        """The digest of every output, by path."""
        files = [path for name in MADE for path in [self.folder / name, *(self.folder / name).rglob("*")]]
        return {
            path.relative_to(self.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
            if path.is_file() and path.name != ".gitignore"
        }

    def processes(self, what: str) -> list[int]:
        """The processes of this checkout whose command line holds `what`, the oldest first."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                here = (entry / "cwd").resolve() == self.folder
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # it ended while we looked
                continue
            if here and what in command:
                found.append(int(entry.name))
        return sorted(found)

    def gone(self, what: str) -> bool:
        """Whether no such process is left, after a moment."""
        deadline = time.monotonic() + ALONE_S
        while self.processes(what):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def strike(self, what: str, blow: signal.Signals, *, within_s: tuple[float, float]) -> float | None:
        """Kill what matches, some time from now; after how many seconds, None when it was not there."""
        began = time.monotonic()
        time.sleep(self.when.uniform(*within_s))
        deadline = time.monotonic() + 15
        while not (found := self.processes(what)):
            if time.monotonic() > deadline:
                return None
            time.sleep(0.02)
        for pid in found:
            try:
                os.kill(pid, blow)
            except ProcessLookupError:
                continue
        return time.monotonic() - began


@dataclass
class Row:
    """What became of one victim's kills."""

    victim: str
    blows: list[str] = field(default_factory=list)
    hits: int = 0
    left_behind: int = 0
    same: int = 0
    more_runs: list[int] = field(default_factory=list)


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
    row, port = Row(victim), _free_port()
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


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _check_out(folder: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(folder)], check=True)
    (folder / "dvc.lock").unlink(missing_ok=True)
    shutil.rmtree(folder / "reports")  # the committed results of another preset


def main() -> None:
    """Make the yard, run once undisturbed, then kill."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=5, help="of each victim")
    parser.add_argument("--victim", action="append", choices=VICTIMS, help="these only")
    parser.add_argument("--seed", type=int, default=2026)
    asked = parser.parse_args()
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    with tempfile.TemporaryDirectory(prefix="vfal-kills-") as name:
        folder = Path(name).resolve() / "checkout"
        _check_out(folder)
        yard = Yard(folder, _free_port(), random.Random(asked.seed))
        for command in (("vfal", "preset", "tiny"), ("dvc", "repro", "embed"), ("dvc", "repro")):
            if yard.run(*command):
                raise SystemExit((folder.parent / "last.log").read_text(encoding="utf-8"))
            if command[-1] == "embed":
                shutil.copytree(folder / ".dvc/cache", folder / EARLY_CACHE, copy_function=os.link)
        yard.wanted = yard.outputs()
        params = (folder / "params.yaml").read_text(encoding="utf-8")
        params = params.replace("  port: 4200", f"  port: {yard.port}").replace("[10, 60]", "[1]")
        (folder / "params.yaml").write_text(params, encoding="utf-8")
        table = Table("killed", "times", "hit", "signals", "left behind", "runs to the end", "same bytes")
        for victim in asked.victim or VICTIMS:
            kill, what, blows = VICTIMS[victim]
            row = kill(yard, victim, what, asked.kills, blows)
            signals = ", ".join(sorted(set(row.blows)))
            runs = ", ".join(map(str, row.more_runs))
            table.add_row(
                victim,
                str(asked.kills),
                str(row.hits),
                signals,
                str(row.left_behind),
                runs,
                f"{row.same} of {asked.kills}",
            )
            Console().print(table)


if __name__ == "__main__":
    main()
