"""Centre and Git losses: near to the own identity's centre, and far from those of others."""

from typing import Literal

import torch
from torch import Tensor

Distance = Literal["vector", "coordinate"]


def centre_pull(embeddings_BD: Tensor, centres_BD: Tensor, *, distance: Distance) -> Tensor:
    """How far each item is from its own centre, (B,), >= 0; row i of the centres is item i's.

    `vector`: half the squared Euclidean distance (Wen et al., ECCV 2016, eq. (2)). `coordinate`: the mean
    of squared differences, which is 2 / D of it (msaadsaeed/SBNet:ssnet_cent_git/retrieval_model.py).
    """
    square_BD = (embeddings_BD - centres_BD).square()
    return square_BD.sum(dim=1) / 2 if distance == "vector" else square_BD.mean(dim=1)


def git_push(
    embeddings_BD: Tensor,
    centres_BD: Tensor,
    *,
    distance: Distance,
    exclude_same_identity: Tensor | None = None,
) -> Tensor:
    """Mean over the batch's centres j of 1 / (1 + d_ij^2), (B,), in (0, 1]: small when others' are far.

    The own centre counts as a constant 1, and so do centres of the own identity in other rows, given the
    identities (B,) as `exclude_same_identity`; without, those are pushed away from as well. `vector`
    takes d as Euclidean distance (Calefati et al., "Git Loss for Deep Face Recognition", BMVC 2018,
    eq. (3)). `coordinate` takes each coordinate's difference for d and averages
    (msaadsaeed/SBNet:ssnet_cent_git/retrieval_model.py, git_loss).
    """
    own_BB = torch.eye(len(embeddings_BD), dtype=torch.bool, device=embeddings_BD.device)
    if exclude_same_identity is not None:
        own_BB = own_BB | (exclude_same_identity[:, None] == exclude_same_identity[None, :])
    if distance == "vector":
        lengths_BB = embeddings_BD.square().sum(dim=1)[:, None] + centres_BD.square().sum(dim=1)[None, :]
        square_BB = (lengths_BB - 2 * embeddings_BD @ centres_BD.T).clamp_min(0.0)
        return (1 / (1 + square_BB.masked_fill(own_BB, 0.0))).mean(dim=1)
    square_BBD = (embeddings_BD[:, None, :] - centres_BD[None, :, :]).square()
    return (1 / (1 + square_BBD.masked_fill(own_BB[:, :, None], 0.0))).mean(dim=(1, 2))
