"""Ranking against the hardest negative of the batch."""

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

FLOOR = 1e-12  # under the root of a squared distance, where the root has no slope


def hardest_negative_ranking(
    anchors_BD: Tensor,
    candidates_BD: Tensor,
    identity_B: Tensor,
    *,
    margin: float,
    separation_margin: float,
    separation_weight: float,
) -> Tensor:
    """Ranking loss of each anchor against the nearest candidate of another identity, (B,), >= 0.

    On unit vectors, Euclidean d, candidate i the positive of anchor i and n its hardest negative:
    max(0, margin + d(a_i, c_i) - d(a_i, c_n)) + separation_weight * max(0, separation_margin -
    d(c_i, c_n)). The second part keeps positive and negative, of one modality, apart. An anchor with no
    negative costs 0. Source: my-yy/vfal-eva:utils/losses/triplet_hq1.py, whose second part is
    commented out.
    """
    anchors_BD, candidates_BD = normalize(anchors_BD, dim=1), normalize(candidates_BD, dim=1)
    distances_BB = torch.cdist(anchors_BD, candidates_BD)
    same_BB = identity_B[:, None] == identity_B[None, :]
    nearest_B, place_B = distances_BB.masked_fill(same_BB, math.inf).min(dim=1)
    loss_B = (margin + distances_BB.diagonal() - nearest_B).relu()
    if separation_weight:
        apart_B = ((candidates_BD - candidates_BD[place_B]).square().sum(dim=1) + FLOOR).sqrt()
        close_B = (separation_margin - apart_B).relu().masked_fill(nearest_B.isinf(), 0.0)
        loss_B = loss_B + separation_weight * close_B
    return loss_B
