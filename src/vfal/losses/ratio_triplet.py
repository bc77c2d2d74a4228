"""Ratio triplet: a softmax over two distances says which of two candidates belongs to the reference."""

import math

import torch
from torch import Tensor

FLOOR = 1e-12  # under the root of a squared distance, where the root has no slope


def ratio_triplet(references_BD: Tensor, positives_BD: Tensor, negatives_BD: Tensor, *, power: int) -> Tensor:
    """|(q+, q-) - (0, 1)|^power of each triplet, (B,), in [0, sqrt(2)^power].

    q = softmax of the Euclidean distances (d+, d-) from the reference, so the loss is (sqrt(2) q+)^power:
    it has no margin, never ends, and saturates as embeddings grow. Source: Hoffer and Ailon 2015, eq. (3)
    with `power` 2; 1 is my-yy/vfal-eva:utils/losses/triplet_lafv.py.
    """
    to_positive_B = _distance(references_BD, positives_BD)
    to_negative_B = _distance(references_BD, negatives_BD)
    return (math.sqrt(2.0) * torch.sigmoid(to_positive_B - to_negative_B)) ** power


def rows_of_somebody_else(identity_B: Tensor) -> Tensor:
    """For each row the nearest row before it, going round, of another identity: places (B,).

    Where nobody comes twice that is the row before. A batch of one identity gives the own row: nothing
    is learned from such a triplet.
    """
    place_B = torch.arange(len(identity_B), device=identity_B.device)
    back_BB = (place_B[:, None] - place_B[None, :]) % len(place_B)
    same_BB = identity_B[:, None] == identity_B[None, :]
    own_BB = place_B[:, None] == place_B[None, :]
    return back_BB.masked_fill(same_BB, 2 * len(place_B)).masked_fill(own_BB, len(place_B)).argmin(dim=1)


def _distance(first_BD: Tensor, second_BD: Tensor) -> Tensor:
    return ((first_BD - second_BD).square().sum(dim=1) + FLOOR).sqrt()
