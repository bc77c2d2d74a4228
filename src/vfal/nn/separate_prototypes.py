"""A classifier that learns nothing: one fixed vector per identity, all as far apart as can be."""

import torch
from torch import Tensor, nn


def most_separate(identities: int) -> Tensor:
    """Unit vectors (I, I - 1), float64: the corners of a regular simplex, every cosine -1 / (I - 1).

    I vectors cannot have smaller pairwise cosines. The k-th corner is 1 in direction k of what the
    corners before it left over; the later ones share -1 / (dimensions left) of that direction. Fewer than
    two identities are a `ValueError`. Source: Kasarla et al., NeurIPS 2022, the recursion written as rows.
    """
    if identities < 2:
        raise ValueError(f"vectors of maximum separation: found {identities} identities, expected 2 or more")
    left_D = torch.arange(identities - 1, 0, -1, dtype=torch.float64)  # dimensions left at each direction
    shrinking_D = (1 - 1 / left_D.square()).clamp_min(0).sqrt()
    scale_D = torch.cat([torch.ones(1, dtype=torch.float64), shrinking_D[:-1]]).cumprod(0)
    below_ID = (-scale_D / left_D).expand(identities, -1).tril(-1)
    return below_ID + torch.eye(identities, identities - 1, dtype=torch.float64) * scale_D


class SeparatePrototypes(nn.Module):
    """Embeddings (B, I - 1) to logits (B, I): products with fixed vectors of maximum separation.

    They follow from I alone, so no file holds them. Source: hcai-mms/MSM-face-voice:retrieval_model.py.
    """

    prototypes_ID: Tensor

    def __init__(self, identities: int) -> None:
        super().__init__()
        self.register_buffer("prototypes_ID", most_separate(identities).float(), persistent=False)

    def forward(self, embeddings_BD: Tensor) -> Tensor:
        """Logits, (B, I)."""
        return embeddings_BD @ self.prototypes_ID.T
