"""Checks of disk and device."""

import shutil
import subprocess

from vfal.doctor.feasible import NEEDED_BYTES
from vfal.doctor.finding import Finding, Visit, no, ok, shown_bytes, warn

SPACIOUS_BYTES = 5 * NEEDED_BYTES
GPU_QUERY = ("--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits")
ANSWER_S = 5


def disk(visit: Visit) -> list[Finding]:
    """Free space where the checkout is."""
    free = shutil.disk_usage(visit.folder).free
    if free < NEEDED_BYTES:
        todo = "Free some; `dvc gc --workspace` drops cached outputs that no commit at hand needs."
        return no(f"{shown_bytes(free)} free, a run needs about {shown_bytes(NEEDED_BYTES)}", todo)
    if free < SPACIOUS_BYTES:
        return warn(f"{shown_bytes(free)} free", "Enough for one run; DVC's cache grows with every other.")
    return ok(f"{shown_bytes(free)} free")


def device(visit: Visit) -> list[Finding]:
    """The device of params.yaml, tried out; and who else computes on it."""
    import torch

    from vfal.training.devices import prepare_device

    found = prepare_device(visit.params.machine)
    if found.type != "cuda":
        return ok(f"{found}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    try:
        torch.ones(2, 2, device=found).sum().item()
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        return no(f"{found}: {reason}", "Run `nvidia-smi`, or set machine.device: cpu.")
    free, total = torch.cuda.mem_get_info(found)
    name = torch.cuda.get_device_name(found)
    memory = f"{shown_bytes(free)} of {shown_bytes(total)} free"
    findings = ok(f"{found}, {name}, {memory}, torch {torch.__version__}")
    if others := _others_on_gpu():
        todo = "One training at a time is faster than two; wait for it, or end it."
        findings += warn(f"others compute on the GPU: {', '.join(others)}", todo)
    return findings


def _others_on_gpu() -> list[str]:
    """Processes with memory on a GPU, by nvidia-smi; none where there is no such tool."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        done = subprocess.run(
            [tool, *GPU_QUERY], capture_output=True, text=True, timeout=ANSWER_S, check=False
        )
    except subprocess.TimeoutExpired:
        return []
    rows = [line.split(",") for line in done.stdout.splitlines() if line.count(",") == 1]
    return [f"process {pid.strip()} ({used.strip()} MiB)" for pid, used in rows]
