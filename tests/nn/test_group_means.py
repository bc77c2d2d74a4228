import pytest
import torch

from vfal.nn.group_means import group_means, means_as_made


def test_means_of_groups_do_not_depend_on_how_the_vectors_are_cut() -> None:
    vectors_ND, group_N = torch.arange(12.0).view(6, 2), torch.tensor([0, 2, 0, 2, 2, 0])
    whole_GD = group_means([(vectors_ND, group_N)], 4)
    parts = zip(vectors_ND.split(4), group_N.split(4), strict=True)
    torch.testing.assert_close(group_means(parts, 4), whole_GD)
    torch.testing.assert_close(whole_GD[0], vectors_ND[group_N == 0].mean(0))
    assert whole_GD[1].tolist() == whole_GD[3].tolist() == [0.0, 0.0]


def test_means_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="no part was given"):
        group_means([], 3)


def test_means_are_those_of_all_vectors_though_few_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vfal.nn.group_means.MADE_AT_ONCE", 4)
    vectors_ND, group_N, made = torch.randn(10, 3), torch.arange(10) % 3, []

    def make(places_B: torch.Tensor) -> torch.Tensor:
        made.append(len(places_B))
        return vectors_ND[places_B]

    means_GD = means_as_made(make, group_N, 3)
    assert made == [4, 4, 2]
    torch.testing.assert_close(means_GD, group_means([(vectors_ND, group_N)], 3))
