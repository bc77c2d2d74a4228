import math

import pytest
import torch
from torch import Tensor

from vfal.nn.clustering import concentration, kmeans, renumbered, squared_distance
from vfal.nn.group_means import group_means


def blobs(clusters: int, each: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Points in well separated groups, and the group of each."""
    drawn = torch.Generator().manual_seed(seed)
    group_N = torch.arange(clusters).repeat(each)
    centres_KD = 20 * torch.eye(clusters)
    return centres_KD[group_N] + torch.randn(len(group_N), clusters, generator=drawn), group_N


def lloyd(points: list[list[float]], start: list[int], iterations: int) -> list[int]:
    """Nearest centre of every point, by plain loops."""
    centres = [points[row] for row in start]
    nearest: list[int] = []
    for _ in range(iterations + 1):
        if nearest:
            members = [[p for p, k in zip(points, nearest, strict=True) if k == c] for c in range(len(start))]
            centres = [[sum(axis) / len(group) for axis in zip(*group, strict=True)] for group in members]
        nearest = [min(range(len(start)), key=lambda k, p=p: math.dist(p, centres[k])) for p in points]
    return nearest


@pytest.mark.parametrize("iterations", [0, 1, 2, 20])
def test_k_means_equals_plain_lloyd_iterations(iterations: int) -> None:
    points_ND, _ = blobs(4, 9)
    points_ND = points_ND.double() / 8  # groups that overlap, so that iterations matter
    start_K = torch.tensor([0, 4, 9, 2])
    _, found_N = kmeans(points_ND, 4, seed=0, iterations=iterations, start_rows_K=start_K)
    assert found_N.tolist() == lloyd(points_ND.tolist(), start_K.tolist(), iterations)


def test_separated_groups_are_found_from_one_point_of_each() -> None:
    points_ND, group_N = blobs(5, 12)
    centres_KD, found_N = kmeans(points_ND, 5, seed=0, iterations=20, start_rows_K=torch.arange(5))
    assert torch.equal(found_N, group_N)
    torch.testing.assert_close(centres_KD, group_means([(points_ND, group_N)], 5))


def test_equal_seeds_give_equal_clusters_and_other_seeds_other_starts() -> None:
    points_ND = torch.randn(200, 6, generator=torch.Generator().manual_seed(0))
    first, again, other = (kmeans(points_ND, 20, seed=seed, iterations=5) for seed in (3, 3, 4))
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    assert not torch.equal(first[1], other[1])


def test_a_seed_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    kmeans(torch.arange(12.0).view(6, 2), 2, seed=5, iterations=2)
    assert torch.equal(torch.rand(3), expected)


def test_no_cluster_stays_empty_where_points_differ() -> None:
    points_ND = torch.cat([torch.zeros(6, 2), torch.arange(6.0).view(3, 2)])
    start_K = torch.arange(4)  # four times the same point
    _, found_N = kmeans(points_ND, 4, seed=0, iterations=20, start_rows_K=start_K)
    assert len(found_N.unique()) == 4


def test_as_many_clusters_as_points_leave_every_point_alone() -> None:
    points_ND = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    _, found_N = kmeans(points_ND, 7, seed=0, iterations=5)
    assert sorted(found_N.tolist()) == list(range(7))


@pytest.mark.parametrize("clusters", [0, 4])
def test_more_clusters_than_points_or_none_are_refused(clusters: int) -> None:
    with pytest.raises(ValueError, match=f"{clusters} clusters of 3 points"):
        kmeans(torch.zeros(3, 2), clusters, seed=0, iterations=1)


def test_points_that_are_no_numbers_end_the_clustering_too() -> None:
    _, nearest_N = kmeans(torch.full((6, 2), math.nan), 3, seed=0, iterations=4)
    assert set(nearest_N.tolist()) <= {0, 1, 2}


def test_the_number_of_threads_changes_no_byte() -> None:
    points_ND = torch.randn(2000, 24, generator=torch.Generator().manual_seed(0))
    before, found = torch.get_num_threads(), []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(kmeans(points_ND, 300, seed=1, iterations=10))
    torch.set_num_threads(before)
    for centres_KD, nearest_N in found[1:]:
        assert torch.equal(centres_KD, found[0][0]) and torch.equal(nearest_N, found[0][1])


def test_few_clusters_of_many_points_are_learned_from_all_of_them() -> None:
    points_ND = torch.randn(3000, 2, generator=torch.Generator().manual_seed(0))  # faiss would draw 512
    centres_KD, nearest_N = kmeans(points_ND, 2, seed=0, iterations=100)
    torch.testing.assert_close(centres_KD, group_means([(points_ND, nearest_N)], 2), rtol=0, atol=1e-5)


def test_distances_are_to_the_assigned_centre_and_that_is_the_nearest() -> None:
    points_ND, _ = blobs(3, 5)
    centres_KD, nearest_N = kmeans(points_ND, 3, seed=0, iterations=2)
    expected_N, expected_nearest_N = torch.cdist(points_ND, centres_KD).min(dim=1)
    assert torch.equal(nearest_N, expected_nearest_N)
    torch.testing.assert_close(squared_distance(points_ND, centres_KD, nearest_N), expected_N.square())


def test_clusters_keep_the_numbers_of_those_they_share_most_points_with() -> None:
    before_N = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2])
    found_N = torch.tensor([2, 2, 1, 1, 1, 0, 0, 0])
    assert renumbered(found_N, before_N, 3).tolist() == [0, 0, 1, 1, 1, 2, 2, 2]
    assert torch.equal(renumbered(before_N, before_N, 3), before_N)


def test_concentration_has_the_mean_that_is_asked_for_and_single_points_the_largest() -> None:
    square_N = torch.tensor([1.0, 1.0, 4.0, 4.0, 9.0, 9.0, 0.0]).double()
    cluster_N = torch.tensor([0, 0, 1, 1, 2, 2, 3])
    spread_K = concentration(square_N, cluster_N, 4, mean=0.2)
    assert spread_K.mean().item() == pytest.approx(0.2)
    assert spread_K[3] == spread_K[2] == spread_K.max()
    raw = [root / math.log(12) for root in (1, 2, 3, 3)]
    low, high = raw[0] + 0.3 * (raw[1] - raw[0]), raw[3]
    clipped = [min(max(value, low), high) for value in raw]
    expected = [0.2 * value * 4 / sum(clipped) for value in clipped]
    assert spread_K.tolist() == pytest.approx(expected, rel=1e-9)


def test_concentration_of_single_points_alone_is_the_mean() -> None:
    assert concentration(torch.zeros(3), torch.arange(3), 3, mean=0.2).tolist() == pytest.approx([0.2] * 3)
