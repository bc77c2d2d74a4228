"""The lifted-structure loss over listed negatives: one loss per anchor."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pairwise_distance


def lifted_negatives(
    anchors_BD: Tensor,
    positives_BD: Tensor,
    negatives_NBD: Tensor,
    *,
    margin: float,
    negatives: Literal["all", "nearest"] = "all",
) -> Tensor:
    """Half of max(0, J) of each anchor, (B,), >= 0, where

    J = ln(sum over n of e^(margin - d(a, n)) + sum over n of e^(margin - d(p, n))) + d(a, p).

    Row i of each of the N batches of negatives belongs to anchor i; d is the Euclidean distance with 1e-6
    added to every difference. With `nearest` only the largest term of each sum counts; with one negative
    that is the same. The mean over anchors is the published number, which is not squared, other than in
    Oh Song et al. 2016. Source: MLanHu/AML:metric.py; w1018979952/DSANet:metric.py (nearest).
    """
    reach_NB = torch.stack([margin - pairwise_distance(anchors_BD, one_BD) for one_BD in negatives_NBD])
    back_NB = torch.stack([margin - pairwise_distance(positives_BD, one_BD) for one_BD in negatives_NBD])
    if negatives == "nearest":
        reach_NB, back_NB = (terms_NB.amax(dim=0, keepdim=True) for terms_NB in (reach_NB, back_NB))
    pushed_B = torch.cat([reach_NB, back_NB]).logsumexp(dim=0)
    return 0.5 * (pushed_B + pairwise_distance(anchors_BD, positives_BD)).clamp_min(0)
