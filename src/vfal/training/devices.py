"""Where and how exactly tensors are computed: device, precision, threads, determinism."""

import os
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from vfal.core.claims import claim
from vfal.core.config.machine import Machine
from vfal.core.config.params import Params
from vfal.core.errors import MachineError
from vfal.core.ranks import my_place
from vfal.core.workers import worker_count


def prepare_device(machine: Machine, *, small_steps: bool = False) -> torch.device:
    """The device that params.yaml asks for, with deterministic kernels and a fixed number of threads.

    `small_steps` (training on features) keeps to one thread: a step of a millisecond is over before two
    have found each other, and where others use the machine they wait for each other for many.
    """
    # cuBLAS reads this when it starts; without it deterministic matrix products are refused.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # The same as use_deterministic_algorithms(True, warn_only=True), which also imports the compiler: 1.3 s.
    torch.set_deterministic_debug_mode("warn")
    place = my_place()
    threads = machine.threads or max(1, worker_count(0) // place.neighbours)
    torch.set_num_threads(1 if small_steps else threads)
    name = machine.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise MachineError(
            f"machine.device: '{name}' asked for, this machine has no usable GPU. Use auto or cpu."
        )
    if name == "cuda" and place.processes > 1:
        name = f"cuda:{place.local_rank}"
    return torch.device(name)


def main_device(params: Params) -> torch.device:
    """The device of the main method, with as many threads as its regime can use."""
    return prepare_device(params.machine, small_steps=params.methods.seeking_the_shape.regime == "features")


def seed_step(seed: int, device: torch.device) -> None:
    """Start the generators that a step draws from; `torch.manual_seed` also asks every absent accelerator."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


def claim_device(device: torch.device) -> None:
    """Hold a GPU for this process's training until it ends; `BusyError` when another trains on it.

    Two trainings on one GPU are slower than one after the other, and run out of its memory together. A
    CPU is shared freely.
    """
    if device.type == "cuda":
        found = torch.cuda.get_device_properties(device)
        claim(f"gpu-{found.uuid}", f"{device} ({found.name})")


def place(method: nn.Module, machine: Machine, device: torch.device) -> None:
    """Move a network to its device, in the memory format that its precision computes fastest in.

    bfloat16 convolutions want channels last: IR-50 then takes 0.56 of the time of single precision.
    """
    method.to(device)
    if machine.precision == "bf16":
        method.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def precision_context(machine: Machine, device: torch.device) -> AbstractContextManager[object]:
    """Autocast to bfloat16 where params.yaml asks for it; single precision otherwise."""
    if machine.precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()
