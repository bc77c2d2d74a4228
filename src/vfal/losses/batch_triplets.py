"""Triplet loss between the rows of a batch, one loss per anchor: against all negatives or the hardest."""

from typing import Literal

import torch
from torch import Tensor


def batch_triplets(
    anchors_BD: Tensor,
    candidates_BD: Tensor,
    identity_B: Tensor,
    *,
    margin: float,
    negatives: Literal["all", "hardest"],
) -> Tensor:
    """max(0, margin + d(anchor, own) - d(anchor, other's)) of each anchor, (B,), >= 0.

    Row i of both is one item of person `identity_B[i]`; own is the person's farthest candidate, d the
    Euclidean distance. The mean over `all` candidates of other people, or the `hardest`, the nearest of
    them (Hermans et al. 2017, batch hard). Without other people in the batch the loss is 0.
    """
    distance_BB = torch.cdist(anchors_BD, candidates_BD, compute_mode="donot_use_mm_for_euclid_dist")
    same_BB = identity_B[:, None] == identity_B[None, :]
    farthest_B = distance_BB.masked_fill(~same_BB, -torch.inf).amax(dim=1)
    if negatives == "hardest":
        nearest_B = distance_BB.masked_fill(same_BB, torch.inf).amin(dim=1)
        return (margin + farthest_B - nearest_B).clamp_min(0)
    loss_BB = (margin + farthest_B[:, None] - distance_BB).clamp_min(0).masked_fill(same_BB, 0)
    return loss_BB.sum(dim=1) / (~same_BB).sum(dim=1).clamp_min(1)
