"""k-means: the same clusters from the same points and the same seed."""

import torch
from torch import Tensor

BLOCK = 1 << 23  # similarities held at once (32 MB in float32)


@torch.no_grad()
def kmeans(points_ND: Tensor, clusters: int, *, seed: int, iterations: int) -> tuple[Tensor, Tensor]:
    """Assignment (N,) and centres (clusters, D) by Lloyd's algorithm, started from points drawn at random.

    Ends when no point moves, or after `iterations`. A cluster that has lost its points keeps its centre.
    With at least as many clusters as points, each point is one of its own. A step is only compared with
    what has changed: a point whose centre stood still can be won over only by a centre that moved.
    """
    count = len(points_ND)
    if clusters >= count:
        return torch.arange(count, device=points_ND.device), points_ND.clone()
    chosen = torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:clusters]
    centres_CD = points_ND[chosen.to(points_ND.device)].clone()
    best_N, own_N = _nearest(points_ND, centres_CD)
    changed_C = torch.ones(clusters, dtype=torch.bool, device=points_ND.device)
    for _ in range(iterations):
        _move_centres(centres_CD, points_ND, own_N, changed_C)
        before_N = own_N.clone()
        lost_N, moved_C = changed_C[own_N], changed_C.nonzero()[:, 0]
        best_N[lost_N], own_N[lost_N] = _nearest(points_ND[lost_N], centres_CD)
        rival_N, place_N = _nearest(points_ND[~lost_N], centres_CD[moved_C])
        won_N = rival_N > best_N[~lost_N]
        best_N[~lost_N] = torch.where(won_N, rival_N, best_N[~lost_N])
        own_N[~lost_N] = torch.where(won_N, moved_C[place_N], own_N[~lost_N])
        moving_N = own_N != before_N
        if not moving_N.any():
            break
        changed_C.zero_()
        changed_C[own_N[moving_N]] = changed_C[before_N[moving_N]] = True
    return own_N, centres_CD


def _nearest(points_ND: Tensor, centres_CD: Tensor) -> tuple[Tensor, Tensor]:
    """x.c - |c|^2 / 2 of the nearest centre of each point, which is largest there, and which it is."""
    half_C = centres_CD.pow(2).sum(1) / 2
    height = max(1, BLOCK // len(centres_CD))
    blocks = [points_ND[start : start + height] for start in range(0, max(len(points_ND), 1), height)]
    found = [torch.addmm(-half_C, block_BD, centres_CD.T).max(1) for block_BD in blocks]
    return torch.cat([values for values, _ in found]), torch.cat([places for _, places in found])


def _move_centres(centres_CD: Tensor, points_ND: Tensor, own_N: Tensor, changed_C: Tensor) -> None:
    """Put each changed centre into the mean of its points, if it has any."""
    taken_N = changed_C[own_N]
    sums_CD = torch.zeros_like(centres_CD).index_add_(0, own_N[taken_N], points_ND[taken_N])
    sizes_C = torch.bincount(own_N[taken_N], minlength=len(centres_CD))
    filled_C = changed_C & (sizes_C > 0)
    centres_CD[filled_C] = sums_CD[filled_C] / sizes_C[filled_C, None]
