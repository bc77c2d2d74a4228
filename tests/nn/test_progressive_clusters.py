import torch

from vfal.nn.progressive_clusters import ProgressiveClusters


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
