"""Embeddings of many items, in evaluation mode, batch after batch."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vfal.core.config.machine import Machine
from vfal.core.workers import progress_bar
from vfal.data.batches import Inputs
from vfal.training.devices import place, precision_context


@torch.no_grad()
def embed_rows(
    owner: nn.Module,
    embed: Callable[[Tensor], Tensor],
    inputs: Inputs,
    rows: NDArray[np.int64],
    *,
    batch_size: int,
    machine: Machine,
    device: torch.device,
    title: str,
) -> NDArray[np.float32]:
    """`embed` of the plain inputs of `rows` as float32 (N, D).

    `owner` is put in evaluation mode first: dropout or batch statistics would make an item's embedding
    depend on its neighbours.
    """
    place(owner, machine, device)
    owner.eval()
    parts = []
    with progress_bar() as bar, precision_context(machine, device):
        handle = bar.add_task(title, total=len(rows))
        for start in range(0, len(rows), batch_size):
            chosen = rows[start : start + batch_size]
            parts.append(embed(inputs.plain(chosen).to(device)).float().cpu())
            bar.advance(handle, len(chosen))
    return np.ascontiguousarray(torch.cat(parts).numpy())
