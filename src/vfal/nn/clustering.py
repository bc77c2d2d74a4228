"""k-means over many points, and how tight the clusters are that it finds.

Plain Lloyd iterations in torch, on whatever device the points lie: no other library, the same bytes on
every run.
"""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

BLOCK_VALUES = 4_000_000  # distances held at once


@torch.no_grad()
def kmeans(
    points_ND: Tensor,
    clusters: int,
    *,
    seed: int,
    iterations: int,
    start_rows_K: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Centres (K, D) and the nearest centre (N,) of every point, by Lloyd's iterations.

    Starts from `clusters` different points drawn by `seed`, or from the points `start_rows_K`, and ends
    after `iterations`, or as soon as no point changes its cluster. Raises `ValueError` when there are
    fewer points than clusters. Source: the setting of my-yy/sl_icmr2022:utils/deepcluster_util.py
    (Euclidean, start at random points).
    """
    if not 0 < clusters <= len(points_ND):
        raise ValueError(f"k-means: {clusters} clusters of {len(points_ND)} points")
    if start_rows_K is None:
        drawn = torch.Generator().manual_seed(seed)
        start_rows_K = torch.randperm(len(points_ND), generator=drawn)[:clusters]
    centres_KD = points_ND[start_rows_K.to(points_ND.device)].clone()
    assignment_N = nearest_centre(points_ND, centres_KD)
    for _ in range(iterations):
        centres_KD = cluster_means(points_ND, assignment_N, clusters)
        before_N, assignment_N = assignment_N, nearest_centre(points_ND, centres_KD)
        if torch.equal(before_N, assignment_N):
            break
    return centres_KD, assignment_N


@torch.no_grad()
def nearest_centre(points_ND: Tensor, centres_KD: Tensor) -> Tensor:
    """The nearest centre (N,) of every point, Euclidean; of equally near ones any, but always the same."""
    half_K = centres_KD.square().sum(1) / 2
    rows = max(BLOCK_VALUES // len(centres_KD), 1)
    # |p - c|^2 / 2 without the part that all centres share
    blocks = torch.split(points_ND, rows)
    return torch.cat([torch.addmm(half_K, block_ND, centres_KD.T, alpha=-1).argmin(1) for block_ND in blocks])


@torch.no_grad()
def squared_distance(points_ND: Tensor, centres_KD: Tensor, assignment_N: Tensor) -> Tensor:
    """Squared Euclidean distance (N,) of every point to the centre it is assigned to."""
    return (points_ND - centres_KD[assignment_N]).square().sum(1)


@torch.no_grad()
def cluster_means(points_ND: Tensor, assignment_N: Tensor, clusters: int) -> Tensor:
    """Mean (K, D) of every cluster's points.

    A cluster without points takes over one of those farthest from the mean of their own cluster, so that
    no centre is undefined or lost.
    """
    sums_KD = points_ND.new_zeros(clusters, points_ND.shape[1]).index_add_(0, assignment_N, points_ND)
    count_K = torch.bincount(assignment_N, minlength=clusters)
    means_KD = sums_KD / count_K.clamp_min(1)[:, None].to(sums_KD)
    empty_E = torch.nonzero(count_K == 0)[:, 0]
    if len(empty_E):
        far_N = squared_distance(points_ND, means_KD, assignment_N)
        means_KD[empty_E] = points_ND[far_N.argsort(descending=True, stable=True)[: len(empty_E)]]
    return means_KD


@torch.no_grad()
def renumbered(assignment_N: Tensor, before_N: Tensor, clusters: int) -> Tensor:
    """The same clusters (N,), numbered so that as many points as possible keep their number.

    k-means numbers clusters by chance; a classifier of clusters outlives a clustering only if they keep
    their numbers.
    """
    shared_KK = torch.bincount(assignment_N * clusters + before_N, minlength=clusters**2)
    new, old = linear_sum_assignment(shared_KK.view(clusters, clusters).cpu().numpy(), maximize=True)
    number_K = torch.empty(clusters, dtype=torch.long)
    number_K[torch.from_numpy(new)] = torch.from_numpy(old)
    return number_K.to(assignment_N.device)[assignment_N]


@torch.no_grad()
def concentration(squared_distance_N: Tensor, assignment_N: Tensor, clusters: int, *, mean: float) -> Tensor:
    """How spread out each cluster is, (K,), scaled so that the clusters' mean is `mean`; a temperature.

    mean distance / ln(points + 10); clusters of one point or none get the largest found, and all are
    clipped to the 10th and the 90th percentile. Source: CMPC; Cocoxili/CMPC:experiments/cmpc/
    keops_kmeans.py, run_kmeans. Without any cluster of two points, all are `mean`.
    """
    distance_N = squared_distance_N.sqrt()
    sum_K = distance_N.new_zeros(clusters).index_add_(0, assignment_N, distance_N)
    count_K = torch.bincount(assignment_N, minlength=clusters).to(sum_K)
    spread_K = sum_K / count_K.clamp_min(1) / (count_K + 10).log()
    single_K = count_K <= 1
    if single_K.all() or spread_K[~single_K].max() <= 0:
        return torch.full_like(spread_K, mean)
    spread_K = torch.where(single_K, spread_K[~single_K].max(), spread_K)
    low, high = torch.quantile(spread_K, spread_K.new_tensor([0.1, 0.9]))
    spread_K = spread_K.clamp(low, high)
    # A majority of clusters without any spread would be divided by 0 later.
    spread_K = spread_K.clamp_min(spread_K.max() * 1e-3)
    return mean * spread_K / spread_K.mean()
