"""A transformer over a pair of embeddings: does this voice belong to this face?"""

import math
from typing import Literal

import torch
from torch import Tensor, nn

Pool = Literal["cls", "mean"]


class PairEncoder(nn.Module):
    """Logits (P, 2) of "not the same person" and "the same person" for pairs of embeddings (P, width).

    A pair is two tokens, each with a learned vector of its modality added, and with `cls` a third one that
    collects; `layers` pre-norm transformer layers, then layer norm of the collecting token, or of the mean
    of the two, and a linear layer. Source: Fuse after Align section 3.2.2 and 4.2 (layers, width, heads, and
    "pooled output"; the arrangement of tokens is ours).
    """

    def __init__(
        self, width: int, *, layers: int, heads: int, hidden: int, dropout: float, pool: Pool
    ) -> None:
        super().__init__()
        self.marks_TD = nn.Parameter(torch.randn(3 if pool == "cls" else 2, width) * 0.02)
        self.layers = nn.ModuleList(
            PairLayer(width, heads=heads, hidden=hidden, dropout=dropout) for _ in range(layers)
        )
        self.pool, self.norm, self.classifier = pool, nn.LayerNorm(width), nn.Linear(width, 2)

    def forward(self, voices_PD: Tensor, faces_PD: Tensor) -> Tensor:
        """Logits (P, 2)."""
        tokens = [faces_PD, voices_PD]
        if self.pool == "cls":
            tokens.insert(0, torch.zeros_like(faces_PD))
        tokens_PTD = torch.stack(tokens, dim=1) + self.marks_TD
        last = len(self.layers) - 1
        for place, layer in enumerate(self.layers):
            # Nobody looks at the other tokens behind the last layer.
            tokens_PTD = layer(tokens_PTD, only_first=self.pool == "cls" and place == last)
        pooled_PD = self.norm(tokens_PTD).mean(1)
        logits: Tensor = self.classifier(pooled_PD)
        return logits


class PairLayer(nn.Module):
    """Self-attention and a feed-forward network, each behind a layer norm and beside a short cut.

    Dropout acts on what each of them adds (Vaswani et al. 2017, section 5.4).
    """

    def __init__(self, width: int, *, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm, self.feed_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.inputs, self.outputs = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens_PTD: Tensor, *, only_first: bool = False) -> Tensor:
        """Tokens (P, T, width), or the first one alone (P, 1, width)."""
        pairs, count, width = tokens_PTD.shape
        kept = 1 if only_first else count
        parts = self.inputs(self.attention_norm(tokens_PTD)).view(pairs, count, 3, self.heads, -1)
        queries, keys, values = parts[:, :kept, None, 0], parts[:, None, :, 1], parts[:, None, :, 2]
        # Written out: for three tokens, fused attention spends more on setting up than on computing.
        weights = (queries * keys).sum(-1, keepdim=True).div(math.sqrt(width // self.heads)).softmax(2)
        seen_PTD = (weights * values).sum(2).reshape(pairs, kept, width)
        tokens_PTD = tokens_PTD[:, :kept] + self.dropout(self.outputs(seen_PTD))
        fed: Tensor = tokens_PTD + self.dropout(self.feed(self.feed_norm(tokens_PTD)))
        return fed
