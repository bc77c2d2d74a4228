"""Several processes train one model: each sends its share of a batch through the encoders.

Every process draws the same batch, embeds its share of it, and gets everybody's embeddings; what comes
after the encoders is computed by each on the whole batch. So a loss, an identity weight or a negative in
the batch is what it is in one process, whatever the method, and no method knows. See
docs/decisions/0011-many-processes.md.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from vfal.core.errors import MachineError
from vfal.core.ranks import my_place
from vfal.core.seeding import derive_seed

LEAST_SHARE = 2  # items: batch norm has no variance of one


def split(encoder: nn.Module, name: str) -> nn.Module:
    """The same encoder, its work shared from now on; in a single process nothing changes.

    Names and values of its parameters stay, and its outputs are those of the whole batch (B, ...).
    `name` tells its dropout from that of the method's other encoders.
    """
    if not dist.is_initialized():
        return encoder
    if dist.get_backend() == "nccl":  # exists for GPUs only
        encoder = nn.SyncBatchNorm.convert_sync_batchnorm(encoder)  # type: ignore[no-untyped-call]
    share = _Share(name)
    encoder.register_forward_pre_hook(share.take)
    encoder.register_forward_hook(share.give)
    return encoder


class _Share:
    """Cuts one encoder's inputs to this process's share, and puts everybody's outputs together."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.whole = self.step_seed = self.calls = 0
        self.random_states: list[Tensor] = []

    def take(self, encoder: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        place, count = my_place(), len(inputs[0])
        self.whole = count if count >= LEAST_SHARE * place.processes else 0
        if not self.whole:
            return None  # too few to share: each computes them all
        start, stop = _bounds(count, place.rank, place.processes)
        self._own_randomness(place.rank)
        return inputs[0][start:stop], *inputs[1:]

    def give(self, encoder: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        if not self.whole:
            return output
        torch.set_rng_state(self.random_states[0])
        if len(self.random_states) > 1:
            torch.cuda.set_rng_state(self.random_states[1])
        gathered: Tensor = _Gather.apply(output, self.whole)  # type: ignore[no-untyped-call]
        return gathered

    def _own_randomness(self, rank: int) -> None:
        """Dropout in the encoder must differ between shares, and leave what comes after it alike for all."""
        on_gpu = [torch.cuda.get_rng_state()] if torch.cuda.is_available() else []
        self.random_states = [torch.get_rng_state(), *on_gpu]
        if self.step_seed != torch.initial_seed():  # the loop seeds every step
            self.step_seed, self.calls = torch.initial_seed(), 0
        self.calls += 1
        torch.manual_seed(derive_seed(self.step_seed, "share", self.name, self.calls, rank))


class _Gather(torch.autograd.Function):
    """Shares of a batch to the whole of it; the gradient goes back to the own share, times the processes.

    The factor is undone when gradients are averaged. That keeps the sum over processes right for every
    parameter, whether only a share of the batch went through it or, behind the encoders, all of it.
    """

    @staticmethod
    def forward(ctx: Any, share: Tensor, count: int) -> Tensor:
        place = my_place()
        bounds = [_bounds(count, rank, place.processes) for rank in range(place.processes)]
        ctx.bounds = bounds[place.rank]
        longest = max(stop - start for start, stop in bounds)  # all must send as much
        padded = share.new_zeros((longest, *share.shape[1:]))
        padded[: len(share)] = share
        shares = [torch.empty_like(padded) for _ in bounds]
        dist.all_gather(shares, padded)
        return torch.cat([part[: stop - start] for part, (start, stop) in zip(shares, bounds, strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        start, stop = ctx.bounds
        return gradient[start:stop] * my_place().processes, None


def _bounds(count: int, rank: int, processes: int) -> tuple[int, int]:
    return rank * count // processes, (rank + 1) * count // processes


@torch.no_grad()
def average(method: nn.Module, parameters: Sequence[nn.Parameter]) -> None:
    """Make the gradients of `parameters`, and running statistics of batch norm, the mean of all processes.

    The result is the same bits everywhere, so that models which start alike stay alike.
    """
    if not dist.is_initialized():
        return
    tensors = [parameter.grad for parameter in parameters if parameter.grad is not None]
    for module in method.modules():
        if isinstance(module, _BatchNorm) and not isinstance(module, nn.SyncBatchNorm):
            tensors += [value for value in (module.running_mean, module.running_var) if value is not None]
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    dist.all_reduce(flat)
    flat /= my_place().processes
    for tensor, mean in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(mean.view(tensor.shape))


@torch.no_grad()
def start_together(method: nn.Module, step: int) -> None:
    """Give everybody the leading process's model; `MachineError` when they come from different steps."""
    if not dist.is_initialized():
        return
    here = torch.tensor([step], device=next(method.parameters()).device)
    steps = [torch.empty_like(here) for _ in range(my_place().processes)]
    dist.all_gather(steps, here)
    if len(found := sorted({int(one) for one in steps})) > 1:
        raise MachineError(
            f"training together: processes found checkpoints of steps {', '.join(map(str, found))}. They "
            "must see the same folder: put the checkout, or VFAL_STATE, on a disk that all machines share."
        )
    for tensor in method.state_dict().values():
        dist.broadcast(tensor, 0)


def meet() -> None:
    """Wait until every process is here."""
    if dist.is_initialized():
        dist.barrier()
