"""Contrast of items with the prototypes of clusters, each with its own temperature: one loss per item."""

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize


def prototype_contrast(
    anchors_BD: Tensor,
    prototypes_BD: Tensor,
    temperature_B: Tensor,
    *,
    cluster_B: Tensor | None = None,
) -> Tensor:
    """Cross-entropy (B,), >= 0, of each anchor for its own prototype among those of the batch.

    Row j of the prototypes belongs to item j; both sides are normalised and cosine j is divided by
    temperature j. Given the clusters (B,), other items of an anchor's cluster are left out: they would
    be negatives with the very vector of the positive. Source: CMPC (Zhu et al. 2022), instance to
    prototype.
    """
    logits_BB = normalize(anchors_BD, dim=1) @ normalize(prototypes_BD, dim=1).T / temperature_B
    if cluster_B is not None:
        own_BB = torch.eye(len(logits_BB), dtype=torch.bool, device=logits_BB.device)
        same_BB = cluster_B[:, None] == cluster_B[None, :]
        logits_BB = logits_BB.masked_fill(same_BB & ~own_BB, -math.inf)
    return cross_entropy(logits_BB, _own(logits_BB), reduction="none")


def displaced_prototype_contrast(anchors_BD: Tensor, prototypes_BD: Tensor, temperature_B: Tensor) -> Tensor:
    """The released form, (B,), in which temperatures meet prototypes that are not theirs.

    The positive of every row is divided by the temperature of item 0, and the negatives of item i before
    i by that of the item after them. Items of the same cluster are negatives. Source: Cocoxili/CMPC:
    experiments/cmpc/criterions/cmpc.py, InstProtoCLR.
    """
    sims_BB = normalize(anchors_BD, dim=1) @ normalize(prototypes_BD, dim=1).T
    place_B = torch.arange(len(sims_BB), device=sims_BB.device)
    # Column of the temperature: the positive came first there, and what stood before it moved back by one.
    moved_BB = place_B[None, :] + (place_B[None, :] < place_B[:, None]).long()
    divisor_BB = temperature_B[moved_BB.masked_fill(place_B[None, :] == place_B[:, None], 0)]
    return cross_entropy(sims_BB / divisor_BB, place_B, reduction="none")


def _own(logits_BB: Tensor) -> Tensor:
    return torch.arange(len(logits_BB), device=logits_BB.device)
