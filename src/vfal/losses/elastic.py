"""Elastic ranking: a match against any number of mismatches, seen from both ends of the right pair."""

import math

import torch
from torch import Tensor


def elastic_ranking(
    probes_BD: Tensor, matches_BD: Tensor, mismatches_BKD: Tensor, usable_BK: Tensor, *, margin: float
) -> Tensor:
    """Loss (B,) of each probe x with its match y and its mismatches z_1 ... z_K, > 0.

    ln(1 + mean_k exp(margin + d(x, y) - d(x, z_k))) + the same with d(y, z_k), d Euclidean: neither end of
    the right pair may be closer to a mismatch than they are to each other. Means are over usable
    mismatches, so that the loss has one scale for every K; an item that has none costs 0. Reconstructed:
    the two distances are those of the lifted structure loss in MLanHu/AML:metric.py.
    """
    right_B1 = torch.linalg.vector_norm(probes_BD - matches_BD, dim=1)[:, None]
    log_count_B1 = usable_BK.sum(1, keepdim=True).clamp_min(1).to(right_B1).log()
    losses = []
    for end_BD in (probes_BD, matches_BD):
        wrong_BK = torch.linalg.vector_norm(end_BD[:, None] - mismatches_BKD, dim=2)
        excess_BK = margin + right_B1 - wrong_BK - log_count_B1
        excess_BK = excess_BK.masked_fill(~usable_BK, -math.inf)
        slack_B1 = torch.zeros_like(right_B1)
        losses.append(torch.cat([slack_B1, excess_BK], dim=1).logsumexp(dim=1))
    return losses[0] + losses[1]


def rolled_places(items: int, mismatches: int) -> Tensor:
    """Places (items, K) of K different other rows for every row, the same shifts for all; K < items.

    Drawn from torch's global generator. Every row is a mismatch equally often.
    """
    shifts_K = 1 + torch.randperm(items - 1)[:mismatches]
    return (torch.arange(items)[:, None] + shifts_K) % items
