"""A checkout in which the parts of a running system can be killed, and what is left of it looked at."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

BIN = Path(sys.executable).parent
MADE = ("data", "models", "reports/evaluate", "reports/results.json")
EARLY = ("data/raw", "data/prepared", "data/media", "data/features", "models/encoders")
LATE = ("models/warm_up", "models/identity_weights", "models/trained", "reports/evaluate")
EARLY_CACHE = ".dvc/early"  # DVC's cache as it is before warm_up
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
