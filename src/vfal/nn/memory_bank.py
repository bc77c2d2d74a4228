"""A memory of one vector per track, moved a little at every visit."""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize


class MemoryBank(nn.Module):
    """Unit vectors (tracks, width), random at the start; saved with the model as a buffer.

    Source: CMPC; Cocoxili/CMPC:experiments/cmpc/criterions/cmpc.py, FVMemoryBank.
    """

    memory_TD: Tensor

    def __init__(self, tracks: int, width: int, *, momentum: float) -> None:
        """`momentum` is the share of the old vector at a visit, in [0, 1)."""
        super().__init__()
        self.momentum = momentum
        self.register_buffer("memory_TD", normalize(torch.randn(tracks, width), dim=1))

    @torch.no_grad()
    def visit(self, embeddings_BD: Tensor, track_B: Tensor) -> None:
        """memory of each track <- normalise(momentum x memory + (1 - momentum) x normalise(embedding)).

        A track that comes more than once keeps what its last row makes of it.
        """
        new_BD = normalize(embeddings_BD.detach().to(self.memory_TD), dim=1)
        moved_BD = self.momentum * self.memory_TD[track_B] + (1 - self.momentum) * new_BD
        self.memory_TD[track_B] = normalize(moved_BD, dim=1)
