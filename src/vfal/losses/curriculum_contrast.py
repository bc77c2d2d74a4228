"""Contrastive loss with a curriculum of negatives: easy ones first. One loss per anchor.

Source: Learnable Pins (Nagrani et al., ECCV 2018); my-yy/learnable_pins:utils/pair_selection_util.py.
"""

import torch
from torch import Tensor


def pair_distances(anchors_BD: Tensor, candidates_MD: Tensor) -> Tensor:
    """Euclidean distances (B, M); the slope between two equal points is 0."""
    # The faster form by matrix products cancels: pairs that have nearly met would be a thousandth apart.
    return torch.cdist(anchors_BD, candidates_MD, compute_mode="donot_use_mm_for_euclid_dist")


def visited_negatives(distance_BB: Tensor, hardness: float) -> Tensor:
    """Which candidates (B, B) a walk from far to near visits before an anchor's partner; bool.

    The walk ends after floor(hardness x B) candidates, or where it meets the partner (column i of row
    i): nobody nearer than the partner is a negative. Hardness in [0, 1]; small means easy negatives only.
    """
    size = len(distance_BB)
    order_BB = distance_BB.argsort(dim=1, descending=True, stable=True)
    rank_BB = torch.empty_like(order_BB)
    ranks_B = torch.arange(size, device=distance_BB.device)
    rank_BB.scatter_(1, order_BB, ranks_B.expand(size, size).contiguous())
    return (rank_BB < int(hardness * size)) & (rank_BB < rank_BB.diagonal()[:, None])


def negative_at_rank(distance_BB: Tensor, hardness: float) -> Tensor:
    """The last candidate that `visited_negatives` visits, one or none per anchor; (B, B) bool.

    The hardest that the curriculum allows by now: the published method takes this one alone.
    """
    visited_BB = visited_negatives(distance_BB, hardness)
    far_BB = distance_BB.masked_fill(~visited_BB, torch.inf)
    places_B = torch.arange(len(far_BB), device=far_BB.device)
    return visited_BB & (places_B[None, :] == far_BB.argmin(dim=1)[:, None])


def ranks_as_places(visited_BB: Tensor) -> Tensor:
    """The released selection, (B, B) bool: as many candidates as were visited, but the batch's first.

    The released code stores the rank of a visited item as if it were the item's place, so distances
    decide the number of negatives only, and an anchor's partner may be among them.
    """
    places_B = torch.arange(visited_BB.shape[1], device=visited_BB.device)
    return places_B[None, :] < visited_BB.sum(dim=1)[:, None]


def chosen_pairs_loss(
    distance_BB: Tensor, negative_BB: Tensor, *, margin: float, power: int
) -> tuple[Tensor, Tensor]:
    """Positive and negative part, (B,) each: d_ii^p, and the row's share of max(0, margin - d_ij)^p.

    Negatives are averaged over all chosen pairs of the batch; a row's share is its sum x B / pairs, so
    that the mean of the shares is that average. Without any pair it is 0.
    """
    hinge_BB = (margin - distance_BB).clamp_min(0)
    if power == 2:
        hinge_BB = hinge_BB.square()
    pairs = negative_BB.sum().clamp_min(1).to(hinge_BB)
    negatives_B = (hinge_BB * negative_BB).sum(dim=1) * len(hinge_BB) / pairs
    return distance_BB.diagonal().pow(power), negatives_B
