"""Triplet hinge over all triplets of a batch, shared out among its anchors."""

from typing import Literal

import torch
from torch import Tensor

Reduction = Literal["sum", "mean_all", "mean_active"]


def all_triplets(
    anchors_BD: Tensor,
    candidates_MD: Tensor,
    anchor_identity_B: Tensor,
    candidate_identity_M: Tensor,
    *,
    margin: float,
    reduction: Reduction,
) -> Tensor:
    """Each anchor's share of the hinge loss over every triplet, (B,), >= 0; their mean is the loss.

    A triplet is an anchor, a candidate of its identity and one of another: max(0, d+ - d- + margin),
    Euclidean d. The loss is the sum over all triplets, or that divided by how many there are
    (`mean_all`), or by how many are above 0 (`mean_active`). Where all anchors have as many triplets,
    `mean_all` gives each the mean of its own. Source: TriNet (Xiong et al. 2019), eq. (1): the sum.
    """
    distances_BM = torch.cdist(anchors_BD, candidates_MD)
    same_BM = anchor_identity_B[:, None] == candidate_identity_M[None, :]
    # One row per pair of an anchor and one of its positives: far fewer than B x M x M cells.
    anchor_P, positive_P = same_BM.nonzero(as_tuple=True)
    own_PM = same_BM[anchor_P]
    hinge_PM = (distances_BM[anchor_P, positive_P][:, None] - distances_BM[anchor_P] + margin).relu()
    hinge_PM = hinge_PM.masked_fill(own_PM, 0.0)
    sum_B = hinge_PM.new_zeros(len(anchors_BD)).index_add(0, anchor_P, hinge_PM.sum(dim=1))
    if reduction == "sum":
        return len(sum_B) * sum_B
    counted_PM = ~own_PM if reduction == "mean_all" else hinge_PM > 0
    return len(sum_B) * sum_B / counted_PM.sum().clamp_min(1)
