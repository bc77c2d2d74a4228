"""What the machine does while a stage runs: samples in `.state/system`, never in DVC's outputs.

`<stage>.jsonl` belongs to the attempt that runs or ran last. When it succeeds the file is renamed after what
the stage made, so that a result restored from DVC's cache finds the samples of the run that made it. Lines
hold `time_ms` and measures under MLflow's own names, or facts of the attempt (`attempt`, `machine`).
"""

import json
import os
import platform
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vfal.core.paths import state_folder
from vfal.core.ranks import leading
from vfal.tracking.plan import mark_of

MEGABYTE = 1e6


@dataclass(frozen=True)
class Samples:
    """One attempt at a stage: its name, the machine it ran on, and what that machine did."""

    attempt: str
    machine: Mapping[str, str]
    rows: list[dict[str, float]]

    @property
    def span_ms(self) -> tuple[int, int]:
        """First and last sample."""
        return int(self.rows[0]["time_ms"]), int(self.rows[-1]["time_ms"])


@contextmanager
def watched(address: str, every_s: float) -> Iterator[None]:
    """Sample the machine while the block runs; `address` is the stage's, as dvc.yaml calls it.

    What cannot be sampled or written is said once on stderr and never fails the stage.
    """
    if not leading():  # the leading process samples for those that train with it
        yield
        return
    path = attempt_path(address)
    done = threading.Event()
    thread = threading.Thread(target=_sample, args=(path, every_s, done), daemon=True, name="samples")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    mark = mark_of(address)
    if mark and path.exists():
        path.replace(_kept_path(mark))


def attempt_path(address: str) -> Path:
    """Where the samples of the attempt at a stage go that runs now."""
    return state_folder() / "system" / f"{address.replace('@', '-')}.jsonl"


def _kept_path(mark: str) -> Path:
    return state_folder() / "system" / f"of-{mark}.jsonl"


def samples_of(address: str) -> Samples | None:
    """The samples of the attempt that made what lies on disk now; None when it was not made here."""
    mark = mark_of(address)
    return read_samples(_kept_path(mark)) if mark else None


def read_samples(path: Path) -> Samples | None:
    """The samples in a file; a last line cut short by a kill is left out, and so is a file without any."""
    if not path.exists():
        return None
    facts: dict[str, Any] = {}
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        found = json.loads(line)
        rows.append(found) if "time_ms" in found else facts.update(found)
    return Samples(facts.get("attempt", ""), facts.get("machine", {}), rows) if rows else None


def _sample(path: Path, every_s: float, done: threading.Event) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", buffering=1) as handle:

            def write(values: Mapping[str, Any]) -> None:
                handle.write(json.dumps(values) + "\n")

            write({"attempt": f"{time.time_ns()}-{os.getpid()}", "machine": machine()})
            _measures()  # the first cpu share has no beginning
            write({"time_ms": time.time_ns() // 1_000_000})
            while not done.wait(every_s):
                write({"time_ms": time.time_ns() // 1_000_000, **_measures()})
            write({"time_ms": time.time_ns() // 1_000_000, **_measures()})
            write({"machine": machine()})  # by now torch is there
    except OSError as error:
        print(f"{path}: no more samples of the machine ({error.strerror}).", file=sys.stderr)  # noqa: T201


def machine() -> dict[str, str]:
    """The hardware as tags: cpu model, cores, memory, and torch's threads and GPU where torch is in use."""
    import psutil

    found = {
        "cpu": _cpu_model(),
        "cores": str(psutil.cpu_count()),
        "memory_gb": f"{psutil.virtual_memory().total / 2**30:.0f}",
        "platform": platform.platform(terse=True),
        "gpu": "none",
    }
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_num_threads"):
        found["torch"] = str(torch.__version__)
        found["torch_threads"] = str(torch.get_num_threads())
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            found["gpu"] = ", ".join(map(torch.cuda.get_device_name, range(torch.cuda.device_count())))
    return found


def _cpu_model() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _measures() -> dict[str, float]:
    """The machine now, under the names that MLflow's page of system metrics knows."""
    import psutil

    memory = psutil.virtual_memory()
    found = {
        "cpu_utilization_percentage": psutil.cpu_percent(),
        "system_memory_usage_megabytes": round(memory.used / MEGABYTE, 1),
        "system_memory_usage_percentage": memory.percent,
        "process_memory_megabytes": round(psutil.Process().memory_info().rss / MEGABYTE, 1),
    }
    return found | _gpu_measures()


def _gpu_measures() -> dict[str, float]:
    """Memory of each GPU once this process uses one; its load too where NVIDIA's library is installed."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "cuda") or not torch.cuda.is_initialized():
        return {}
    found = {}
    for number in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(number)
        found[f"gpu_{number}_memory_usage_megabytes"] = round((total - free) / MEGABYTE, 1)
        found[f"gpu_{number}_memory_usage_percentage"] = round(100 * (total - free) / total, 1)
        try:
            found[f"gpu_{number}_utilization_percentage"] = float(torch.cuda.utilization(number))
        except (ImportError, RuntimeError):  # no such library; memory is known all the same
            continue
    return found
