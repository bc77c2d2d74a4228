"""What a dead MLflow server costs a run: exit code, extra seconds, and the runs that `vfal sync` completes.

For each case the tiny corpus is run in a checkout of its own against a real `mlflow server`, which is killed
with SIGKILL at the moment the case names. The server is then started again over the same store, `vfal sync`
is called twice, and runs are counted by fingerprint. About two minutes a case.

    python benchmarks/mlflow_outage.py            every case
    python benchmarks/mlflow_outage.py at_end     one, after the undisturbed run it is compared with
"""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench_repro import BIN, check_out

NEVER, FROM_START = "undisturbed", "dead_from_the_start"
MIDDLE, FOLLOWED, END = "killed_mid_run", "killed_mid_run_followed", "killed_at_end"
CASES = {
    NEVER: "server up all the time",
    FROM_START: "server never up",
    MIDDLE: "killed when retrain begins",
    FOLLOWED: "the same, while `vfal sync --follow` shows the run",
    END: "killed while the mirror is written",
}
KILLED_AT_RUNS = 3  # of the eight that the mirror writes


class Server:
    """A real MLflow server over one store, which outlives it."""

    def __init__(self, store: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.store, self.process = store, None
        self.uri = f"http://127.0.0.1:{self.port}"
        store.mkdir()

    def start(self) -> None:
        where = ["--backend-store-uri", f"sqlite:///{self.store}/mlflow.db"]
        where += ["--artifacts-destination", str(self.store / "artifacts"), "--workers", "1"]
        command = [BIN / "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), *where]
        quiet = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "DO_NOT_TRACK": "true"}
        with (self.store / "server.log").open("a") as log:
            self.process = subprocess.Popen(
                command, env=quiet, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.uri}/health", timeout=1).close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise SystemExit(f"the server did not come up; see {self.store}/server.log")

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def fingerprints(self) -> Counter[str]:
        """How many runs there are of each fingerprint; the store is read past the server."""
        query = """SELECT value FROM tags JOIN runs USING (run_uuid)
                   WHERE key = 'vfal.fingerprint' AND lifecycle_stage = 'active'"""
        try:
            with sqlite3.connect(f"file:{self.store}/mlflow.db?mode=ro", uri=True, timeout=5) as connection:
                return Counter(value for (value,) in connection.execute(query))
        except sqlite3.OperationalError:  # no table yet
            return Counter()

    def unfinished(self) -> int:
        with sqlite3.connect(f"file:{self.store}/mlflow.db?mode=ro", uri=True) as connection:
            return connection.execute("SELECT count(*) FROM runs WHERE status = 'RUNNING'").fetchone()[0]


@dataclass
class Outcome:
    code: int
    seconds: float
    said: str
    killed: bool
    runs: list[int]
    twice: int
    unfinished: int


def main() -> None:
    asked = sys.argv[1:]
    cases = [case for case in CASES if case == NEVER or not asked or case in asked]
    outcomes = {}
    for case in cases:
        with tempfile.TemporaryDirectory(prefix=f"vfal-{case}-") as name:
            outcomes[case] = _play(case, Path(name))
            _show(outcomes)


def _play(case: str, folder: Path) -> Outcome:
    checkout, server = folder / "checkout", Server(folder / "store")
    check_out(checkout)
    params = checkout / "params.yaml"
    params.write_text(params.read_text().replace('  uri: ""', f"  uri: {server.uri}", 1))
    follower = None
    try:
        if case != FROM_START:
            server.start()
        if case == FOLLOWED:
            params.write_text(params.read_text().replace("follow_every_s: 15", "follow_every_s: 2", 1))
            follower = subprocess.Popen(
                [BIN / "vfal", "sync", "--follow"], cwd=checkout, env=_own_code(checkout)
            )
        code, seconds, lines = _run(checkout, case, server)
        killed = server.process is None and case != FROM_START
        if follower is not None:
            follower.terminate()  # a child of a script in the background ignores Ctrl-C
            follower.wait()
        if server.process is None:
            server.start()
        counts = []
        for _ in range(2):
            subprocess.run([BIN / "vfal", "sync"], cwd=checkout, env=_own_code(checkout), check=True)
            counts.append(server.fingerprints().total())
        repeated = sum(count > 1 for count in server.fingerprints().values())
        said = next((line for line in lines if line.startswith("MLflow at")), "")
        return Outcome(code, seconds, said, killed, counts, repeated, server.unfinished())
    finally:
        if follower is not None and follower.poll() is None:
            follower.kill()
        server.kill()


def _run(checkout: Path, case: str, server: Server) -> tuple[int, float, list[str]]:
    """`vfal repro`: exit code, seconds and lines; the server is killed when the case says so."""
    done = threading.Event()
    if case == END:
        threading.Thread(target=_kill_when_writing, args=(server, done), daemon=True).start()
    start = time.perf_counter()
    process = subprocess.Popen(
        [BIN / "vfal", "repro"],
        cwd=checkout,
        env=_own_code(checkout) | {"COLUMNS": "400"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if case in (MIDDLE, FOLLOWED) and "Running stage 'retrain'" in line:
            server.kill()
    code = process.wait()
    done.set()
    return code, time.perf_counter() - start, lines


def _own_code(checkout: Path) -> dict[str, str]:
    """The environment in which the checkout's copy of the code runs, whatever becomes of the original."""
    return os.environ | {"PYTHONPATH": str(checkout / "src")}


def _kill_when_writing(server: Server, done: threading.Event) -> None:
    while not done.wait(0.02):
        if server.fingerprints().total() >= KILLED_AT_RUNS:
            server.kill()
            return


def _show(outcomes: dict[str, Outcome]) -> None:
    table = Table("case", "exit", "seconds", "extra", "killed", "runs after sync 1, 2", "twice", "unfinished")
    base = outcomes[NEVER].seconds
    for case, found in outcomes.items():
        extra = "" if case == NEVER else f"{found.seconds - base:+.1f} s ({found.seconds / base - 1:+.1%})"
        numbers = [f"{found.seconds:.1f}", extra, "yes" if found.killed else "no"]
        numbers += [", ".join(map(str, found.runs)), str(found.twice), str(found.unfinished)]
        table.add_row(CASES[case], str(found.code), *numbers)
    console = Console(width=150)
    console.print(table)
    for case, found in outcomes.items():
        console.print(f"{case}: {found.said}", highlight=False)


if __name__ == "__main__":
    main()
