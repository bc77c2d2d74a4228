import pytest
import torch
from torch import Tensor

from vfal.losses.moving_centres import MovingCentres, Update

IDENTITY_B = torch.tensor([0, 2, 0, 2, 2])


def items() -> Tensor:
    return torch.sin(torch.arange(15, dtype=torch.float64)).view(5, 3)


def centres(update: Update = "damped", rate: float = 0.5) -> MovingCentres:
    return MovingCentres(4, 3, update=update, rate=rate).double()


@pytest.mark.parametrize(("update", "rate"), [("damped", 0.5), ("per_item", 0.3)])
def test_centres_move_as_in_the_plain_loop(update: Update, rate: float) -> None:
    moving = centres(update, rate)
    moving.centres_ID += torch.linspace(-1, 1, 12, dtype=torch.float64).view(4, 3)
    expected = [[float(value) for value in row] for row in moving.centres_ID]
    for identity in (0, 2):
        own = [item.tolist() for item, name in zip(items(), IDENTITY_B, strict=True) if name == identity]
        for place in range(3):
            step = sum(item[place] - expected[identity][place] for item in own)
            expected[identity][place] += rate * step / (1 + len(own) if update == "damped" else 1)
    moving.move(items(), IDENTITY_B)
    torch.testing.assert_close(moving.centres_ID, torch.tensor(expected, dtype=torch.float64))


def test_a_centre_begins_at_the_mean_of_the_first_items_of_its_identity() -> None:
    moving = centres()
    moving.begin(items(), IDENTITY_B)
    torch.testing.assert_close(moving.centres_ID[0], items()[[0, 2]].mean(dim=0))
    torch.testing.assert_close(moving.centres_ID[2], items()[[1, 3, 4]].mean(dim=0))
    assert moving.seen_I.tolist() == [True, False, True, False]


def test_a_centre_begins_once() -> None:
    moving = centres()
    moving.begin(items(), IDENTITY_B)
    before = moving.centres_ID.clone()
    moving.begin(items() + 5, torch.tensor([0, 2, 0, 2, 1]))
    assert torch.equal(moving.centres_ID[[0, 2]], before[[0, 2]])
    torch.testing.assert_close(moving.centres_ID[1], items()[4] + 5)


def test_damped_centres_come_to_rest_among_their_items_however_many_there_are() -> None:
    moving = centres("damped", 0.5)
    crowd_BD, identity_B = items().repeat(20, 1), torch.zeros(100, dtype=torch.long)
    for _ in range(60):
        moving.move(crowd_BD, identity_B)
    torch.testing.assert_close(moving.centres_ID[0], crowd_BD.mean(dim=0))


def test_centres_moved_by_each_item_overshoot_where_an_identity_comes_often() -> None:
    moving = centres("per_item", 0.7)
    for _ in range(60):
        moving.move(items()[:3], torch.zeros(3, dtype=torch.long))
    assert moving.centres_ID[0].abs().max() > 10


def test_centres_have_no_gradient_and_are_saved_with_the_model() -> None:
    moving = centres()
    assert not [*moving.parameters()]
    assert {*moving.state_dict()} == {"centres_ID", "seen_I"}
    learning = items().requires_grad_()
    moving.begin(learning, IDENTITY_B)
    moving.move(learning, IDENTITY_B)
    assert not moving.centres_ID.requires_grad
