"""Orthogonal projection loss: one share per item of the published scalar of the batch."""

import torch
from torch import Tensor
from torch.nn.functional import normalize


def orthogonal_projection(embeddings_BD: Tensor, identity_B: Tensor, *, negative_weight: float) -> Tensor:
    """Each item's share of (1 - S) + `negative_weight` N, (B,), whose mean is that number.

    S is the mean cosine of ordered pairs of one identity (an item with itself left out), N the mean
    |cosine| of ordered pairs of different ones; each mean is sum / (count + 1e-6). In a batch that holds
    nobody twice S is 0. Source: msaadsaeed/FOP:main.py, OrthogonalProjectionLoss (weight 0.7).
    """
    unit_BD = normalize(embeddings_BD, dim=1)
    cosine_BB = unit_BD @ unit_BD.T
    same_BB = identity_B[:, None] == identity_B[None, :]
    own_BB = torch.eye(len(cosine_BB), dtype=torch.bool, device=cosine_BB.device)
    together_B = _share(cosine_BB, same_BB & ~own_BB)
    apart_B = _share(cosine_BB.abs(), ~same_BB)
    return 1 - together_B + negative_weight * apart_B


def _share(values_BB: Tensor, pairs_BB: Tensor) -> Tensor:
    """Shares (B,) of the rows in the mean of `values_BB` over `pairs_BB`; their mean is that mean."""
    kept_BB = pairs_BB.to(values_BB)
    return len(values_BB) * (values_BB * kept_BB).sum(1) / (kept_BB.sum() + 1e-6)
