"""k-means over many points by faiss, and how tight the clusters are that it finds."""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor


@torch.no_grad()
def kmeans(
    points_ND: Tensor,
    clusters: int,
    *,
    seed: int,
    iterations: int,
    start_rows_K: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Centres (K, D) and the nearest centre (N,) of every point, Euclidean, on the points' device.

    Starts from `clusters` different points drawn by `seed`, or from the points `start_rows_K`, and ends
    after `iterations`, or when nothing changes any more. faiss computes on the CPU in single precision,
    with as many threads as torch; their number changes no byte. A cluster that loses its points takes
    half of a large one's. Raises `ValueError` when there are fewer points than clusters. Source: the
    setting of my-yy/sl_icmr2022:utils/deepcluster_util.py (Euclidean, start at random points, none left out).
    """
    if not 0 < clusters <= len(points_ND):
        raise ValueError(f"k-means: {clusters} clusters of {len(points_ND)} points")
    if start_rows_K is None:
        drawn = torch.Generator().manual_seed(seed)
        start_rows_K = torch.randperm(len(points_ND), generator=drawn)[:clusters]
    import faiss  # what never clusters need not wait for it

    faiss.omp_set_num_threads(torch.get_num_threads())
    # faiss refuses what is not finite; the loss will not be either, and says which term it is.
    points = points_ND.float().nan_to_num(0.0, 0.0, 0.0).contiguous().cpu().numpy()
    search = faiss.Kmeans(
        points.shape[1],
        clusters,
        niter=iterations,
        min_points_per_centroid=1,
        max_points_per_centroid=len(points),  # every point, no sample
    )
    search.train(points, init_centroids=points[start_rows_K.cpu().numpy()])
    _, nearest = search.assign(points)
    return torch.from_numpy(search.centroids).to(points_ND), torch.from_numpy(nearest).to(points_ND.device)


@torch.no_grad()
def squared_distance(points_ND: Tensor, centres_KD: Tensor, assignment_N: Tensor) -> Tensor:
    """Squared Euclidean distance (N,) of every point to the centre it is assigned to."""
    return (points_ND - centres_KD[assignment_N]).square().sum(1)


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
