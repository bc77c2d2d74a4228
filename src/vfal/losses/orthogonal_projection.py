"""Orthogonal projection: items of one identity in one direction, those of others at right angles."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

PAIRS_FLOOR = 1e-6  # added to a number of pairs, so that a batch without any divides by something


def orthogonal_projection(features_BD: Tensor, identity_B: Tensor, *, negative_weight: float) -> Tensor:
    """Each item's share of (1 - S) + negative_weight x N, (B,); the mean over the batch is exactly that.

    S is the mean cosine over ordered pairs of one identity, an item with itself left out; N the mean of
    |cosine| over ordered pairs of two identities. Item i's share holds the pairs (i, j), so a weight on
    an item acts on its own pairs. Where nobody occurs twice S is 0: the first part is then the constant 1
    and pulls nothing. Source: "Fusion and Orthogonal Projection for Improved Face-Voice Association"
    section 2.2; msaadsaeed/FOP:main.py, OrthogonalProjectionLoss (negative_weight 0.7).
    """
    unit_BD = normalize(features_BD, dim=1)
    cosine_BB = unit_BD @ unit_BD.T
    same_BB = identity_B[:, None] == identity_B[None, :]
    other_BB = ~same_BB
    own_BB = torch.eye(len(identity_B), dtype=torch.bool, device=identity_B.device)
    pull_B = _share(cosine_BB, same_BB & ~own_BB)
    push_B = _share(cosine_BB.abs(), other_BB)
    return 1.0 - pull_B + negative_weight * push_B


def _share(values_BB: Tensor, pairs_BB: Tensor) -> Tensor:
    """(B,) whose mean is the mean of the values at `pairs_BB`."""
    pairs = pairs_BB.to(values_BB).sum() + PAIRS_FLOOR
    return values_BB.masked_fill(~pairs_BB, 0.0).sum(dim=1) * (len(values_BB) / pairs)
