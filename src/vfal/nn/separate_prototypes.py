"""A classifier that learns nothing: one fixed vector per identity, all as far apart as can be."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad


def most_separate(identities: int) -> Tensor:
    """Unit vectors (I, I - 1), float64: the corners of a regular simplex, every cosine -1 / (I - 1).

    I vectors cannot have smaller pairwise cosines. The k-th corner is `ahead` in direction k of what the
    corners before it left over; the later ones share -`behind` of that direction. Fewer than two
    identities are a `ValueError`. Source: Kasarla et al., NeurIPS 2022, the recursion written as rows.
    """
    ahead_D, behind_D = _staircase(identities)
    below_ID = (-behind_D).expand(identities, -1).tril(-1)
    return below_ID + torch.eye(identities, identities - 1, dtype=torch.float64) * ahead_D


class SeparatePrototypes(nn.Module):
    """Embeddings (B, I - 1) to logits (B, I): products with fixed vectors of maximum separation.

    They follow from I alone, so no file holds them. Source: hcai-mms/MSM-face-voice:retrieval_model.py.
    """

    ahead_D: Tensor
    behind_D: Tensor

    def __init__(self, identities: int) -> None:
        super().__init__()
        ahead_D, behind_D = _staircase(identities)
        self.register_buffer("ahead_D", ahead_D.float(), persistent=False)
        self.register_buffer("behind_D", behind_D.float(), persistent=False)

    def forward(self, embeddings_BD: Tensor) -> Tensor:
        """Logits (B, I), the products with the rows of `most_separate`."""
        # Rows differ in one place from the row before: a running sum takes I steps, a matrix product I x I.
        left_by_earlier_BD = (embeddings_BD * self.behind_D).cumsum(1)
        return pad(embeddings_BD * self.ahead_D, (0, 1)) - pad(left_by_earlier_BD, (1, 0))


def _staircase(identities: int) -> tuple[Tensor, Tensor]:
    """Of each direction (I - 1,): how far its corner is ahead in it, and the later ones behind; float64."""
    if identities < 2:
        raise ValueError(f"vectors of maximum separation: found {identities} identities, expected 2 or more")
    left_D = torch.arange(identities - 1, 0, -1, dtype=torch.float64)  # dimensions left at each direction
    shrinking_D = (1 - 1 / left_D.square()).clamp_min(0).sqrt()
    ahead_D = torch.cat([torch.ones(1, dtype=torch.float64), shrinking_D[:-1]]).cumprod(0)
    return ahead_D, ahead_D / left_D
