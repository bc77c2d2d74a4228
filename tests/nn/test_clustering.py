import pytest
import torch
from torch import Tensor

from vfal.nn.clustering import kmeans
from vfal.nn.progressive_clusters import ProgressiveClusters


def points(count: int = 200) -> Tensor:
    torch.manual_seed(1)
    return torch.randn(count, 4, dtype=torch.float64)


def lloyd(points_ND: Tensor, clusters: int, seed: int, iterations: int) -> tuple[Tensor, Tensor]:
    """Everything anew in every iteration."""
    chosen = torch.randperm(len(points_ND), generator=torch.Generator().manual_seed(seed))[:clusters]
    centres_CD = points_ND[chosen].clone()
    own_N = torch.cdist(points_ND, centres_CD).argmin(1)
    for _ in range(iterations):
        for cluster in range(clusters):
            if (own_N == cluster).any():
                centres_CD[cluster] = points_ND[own_N == cluster].mean(0)
        own_N = torch.cdist(points_ND, centres_CD).argmin(1)
    return own_N, centres_CD


@pytest.mark.parametrize("iterations", [1, 2, 20])
@pytest.mark.parametrize("clusters", [3, 30, 120])
def test_leaving_out_what_stood_still_changes_nothing(clusters: int, iterations: int) -> None:
    own_N, centres_CD = kmeans(points(), clusters, seed=3, iterations=iterations)
    wanted_N, wanted_CD = lloyd(points(), clusters, 3, iterations)
    assert torch.equal(own_N, wanted_N) and torch.allclose(centres_CD, wanted_CD, rtol=1e-9)


def test_well_parted_people_are_found_from_some_start() -> None:
    people_N = torch.arange(5).repeat(40)
    scattered_ND = 100 * torch.eye(5)[people_N] + torch.randn(
        200, 5, generator=torch.Generator().manual_seed(1)
    )
    owns = [kmeans(scattered_ND, 5, seed=seed, iterations=20)[0] for seed in range(40)]
    assert any(len({*zip(people_N.tolist(), own_N.tolist(), strict=True)}) == 5 for own_N in owns)


def test_the_same_seed_gives_the_same_clusters() -> None:
    first, second = (kmeans(points(), 30, seed=7, iterations=20) for _ in range(2))
    assert torch.equal(first[0], second[0]) and torch.equal(first[1], second[1])
    assert not torch.equal(first[0], kmeans(points(), 30, seed=8, iterations=20)[0])


def test_as_many_clusters_as_points_leave_each_alone() -> None:
    own_N, centres_CD = kmeans(points(10), 12, seed=1, iterations=20)
    assert own_N.tolist() == list(range(10)) and torch.equal(centres_CD, points(10))


def test_copies_of_one_point_are_no_trouble() -> None:
    own_N, centres_CD = kmeans(torch.ones(20, 3), 4, seed=1, iterations=20)
    assert own_N.unique().numel() == 1 and torch.isfinite(centres_CD).all()


def clusters(tracks: int = 40, **changes: int) -> ProgressiveClusters:
    return ProgressiveClusters(tracks, **({"clusters": tracks, "least": 6, "iterations": 5} | changes))


def test_at_first_every_track_is_its_own_label() -> None:
    fresh = clusters()
    assert fresh.trivial and fresh.labels_V.tolist() == list(range(40))


def test_clusters_are_halved_once_for_each_stretch_without_a_better_validation() -> None:
    growing, seen = clusters(), []
    accuracies = [0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.7, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]
    for turn, accuracy in enumerate(accuracies, start=1):
        growing.told(10 * turn, accuracy)
        growing.halve_if_stale(10 * turn, patience_steps=30)
        seen.append(int(growing.clusters))
    assert seen == [40, 40, 40, 40, 20, 20, 20, 20, 20, 10, 10, 10, 6]


def test_without_a_validation_nothing_is_stale() -> None:
    growing = clusters()
    growing.halve_if_stale(10_000, patience_steps=30)
    assert growing.trivial


def test_two_videos_of_one_look_get_one_label_when_clusters_are_half() -> None:
    torch.manual_seed(1)
    halved = clusters(clusters=20)
    faces_VD = torch.randn(20, 8).repeat_interleave(2, dim=0)
    halved.assign(faces_VD, seed=1)
    assert (halved.labels_V[::2] == halved.labels_V[1::2]).all() and halved.labels_V.unique().numel() <= 20
