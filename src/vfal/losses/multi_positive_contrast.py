"""Softmax contrast with several positives per anchor. One loss per item."""

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize


def multi_positive_contrast(
    anchors_BD: Tensor, candidates_BD: Tensor, positive_BB: Tensor, *, temperature: float
) -> Tensor:
    """-ln of the share (B,), >= 0, that an anchor's positives have in the softmax over all candidates.

    Cosines over `temperature`; `positive_BB` is bool, and item i is always a positive of anchor i.
    """
    logits_BB = normalize(anchors_BD, dim=1) @ normalize(candidates_BD, dim=1).T / temperature
    own_BB = torch.eye(len(logits_BB), dtype=torch.bool, device=logits_BB.device)
    of_positives_BB = logits_BB.masked_fill(~(positive_BB | own_BB), -math.inf)
    return logits_BB.logsumexp(dim=1) - of_positives_BB.logsumexp(dim=1)
