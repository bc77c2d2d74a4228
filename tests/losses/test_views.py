import torch

from vfal.losses.views import no_negatives, sibling_places, view_numbers

PAIRS = torch.tensor([4, 4, 7, 7, 1, 1])


def test_the_sibling_is_the_persons_other_item() -> None:
    assert sibling_places(PAIRS).tolist() == [1, 0, 3, 2, 5, 4]
    assert sibling_places(torch.tensor([4, 7, 4, 7])).tolist() == [2, 3, 0, 1]


def test_of_three_items_the_siblings_go_round() -> None:
    assert sibling_places(torch.tensor([2, 2, 9, 2])).tolist() == [1, 3, 2, 0]


def test_who_is_alone_is_the_own_sibling() -> None:
    assert sibling_places(torch.tensor([5, 3, 8])).tolist() == [0, 1, 2]


def test_views_are_counted_in_the_order_of_the_batch() -> None:
    assert view_numbers(PAIRS).tolist() == [0, 1, 0, 1, 0, 1]


def test_every_other_person_is_a_negative_once() -> None:
    negatives_BB = ~no_negatives(PAIRS)
    for row, negatives_B in enumerate(negatives_BB):
        others = PAIRS[negatives_B].tolist()
        assert sorted(others) == sorted({1, 4, 7} - {int(PAIRS[row])})
