"""Starting the processes that train together, and ending them together."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from logging import CRITICAL, getLogger
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.distributed as dist

from vfal.core.config.machine import Machine
from vfal.core.errors import MachineError
from vfal.core.ranks import Place, take_place

LAUNCHED = "TORCHELASTIC_RUN_ID"  # set for every process that torch's launchers start
RENDEZVOUS = "VFAL_RENDEZVOUS"  # a file; absent under `torchrun`, which has its own way
LOOPBACK = {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}
MEET_WITHIN = timedelta(minutes=30)
LOOK_EVERY_S = 0.1
LOST = 75  # exit code of a process whose neighbours have gone: not the one that failed


def run_together(machine: Machine, command: Sequence[str], work: Callable[[], None]) -> None:
    """Do `work` in as many processes as `machine` asks for, each running `vfal` with `command`.

    In a process that was started for it (by this function, or by `torchrun` on many machines), join the
    others and do it. The first process that fails takes the others down.
    """
    if LAUNCHED in os.environ:
        _join(machine)
        try:
            work()
        except RuntimeError as error:  # gloo has no type of its own for it
            if isinstance(error, dist.DistError) or "gloo" in str(error):
                raise SystemExit(LOST) from None
            raise
        dist.destroy_process_group()
    elif (processes := process_count(machine)) > 1:
        _launch(command, processes)
    else:
        work()


def process_count(machine: Machine) -> int:
    """How many processes this machine is to run; `MachineError` when it has fewer GPUs."""
    gpus = torch.cuda.device_count() if machine.device != "cpu" else 0
    if machine.device != "cpu" and gpus and machine.processes > gpus:
        raise MachineError(
            f"machine.processes: {machine.processes} asked for, this machine has {gpus} GPU(s); a process "
            "needs one of its own. Lower it, or set it to 0."
        )
    return machine.processes or gpus or 1


def _join(machine: Machine) -> None:
    rank, processes, local_rank, neighbours = (
        int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    )
    take_place(Place(rank, processes, local_rank, neighbours))
    on_gpu = machine.device != "cpu" and torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(local_rank)
    dist.init_process_group(
        "nccl" if on_gpu else "gloo",
        init_method=os.environ.get(RENDEZVOUS, "env://"),
        rank=rank,
        world_size=processes,
        timeout=MEET_WITHIN,
    )


def _launch(command: Sequence[str], processes: int) -> None:
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException, start_processes

    getLogger("torch.distributed.elastic").setLevel(CRITICAL)  # our own sentence says what failed
    with TemporaryDirectory(prefix="vfal-") as folder:
        common: dict[str, Any] = LOOPBACK | {
            LAUNCHED: "vfal",
            RENDEZVOUS: f"file://{folder}/rendezvous",
            "WORLD_SIZE": str(processes),
            "LOCAL_WORLD_SIZE": str(processes),
        }
        ranks = range(processes)
        started = start_processes(
            "vfal",
            sys.executable,
            dict.fromkeys(ranks, ("-m", "vfal.start", *command)),
            {rank: common | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in ranks},
            DefaultLogsSpecs(log_dir=folder),
        )
        try:
            result = started.wait(period=LOOK_EVERY_S)
        except SignalException as stopped:
            raise SystemExit(128 + stopped.sigval) from None
        finally:
            started.close()
    if result is not None and result.is_failed():
        stopped_by_us = (LOST, -signal.SIGTERM)
        failure = min(result.failures.values(), key=lambda one: one.exitcode in stopped_by_us)
        how = f"exit code {failure.exitcode}" if failure.exitcode > 0 else failure.signal_name()
        raise MachineError(
            f"{' '.join(command)}: process {failure.local_rank} of {processes} ended with {how}, the others "
            "were stopped. What it said stands above; run again to go on from the last checkpoint."
        )
