from torch import nn

from vfal.nn.opponents import opponents


def test_every_parameter_that_learns_is_on_one_side_of_the_game() -> None:
    network = nn.ModuleDict({"encoder": nn.Linear(3, 4), "held": nn.Linear(3, 4), "critic": nn.Linear(4, 2)})
    network["held"].requires_grad_(False)
    critic, others = opponents(network, network["critic"])
    assert [*map(id, critic)] == [*map(id, network["critic"].parameters())]
    assert [*map(id, others)] == [*map(id, network["encoder"].parameters())]
