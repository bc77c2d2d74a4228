import pytest
import torch
from torch import nn

from vfal.core.config.phases import Optimiser
from vfal.training.optimisers import MomentumSGD, give_momentum, learning_rate, momentum_of

SETTINGS = Optimiser(
    learning_rate=0.1,
    momentum=0.9,
    weight_decay=0.01,
    ramp_steps=4,
    milestones_steps=(10, 20),
    milestone_factor=0.1,
)


def test_the_rate_climbs_in_a_line_then_falls_at_each_milestone() -> None:
    rates = [learning_rate(SETTINGS, step) for step in (0, 1, 3, 9, 10, 19, 20, 999)]
    assert rates == pytest.approx([0.025, 0.05, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_without_a_ramp_the_first_step_has_the_full_rate() -> None:
    assert learning_rate(SETTINGS.model_copy(update={"ramp_steps": 0}), 0) == 0.1


def test_a_step_is_momentum_and_decay_as_published() -> None:
    parameter = nn.Parameter(torch.tensor([1.0, -2.0]))
    optimiser = MomentumSGD([parameter], SETTINGS)
    value, buffer = parameter.detach().clone(), torch.zeros(2)
    for _ in range(3):
        optimiser.zero_grad()
        parameter.pow(2).sum().backward()
        optimiser.step(0.1)
        buffer = 0.9 * buffer + 2 * value + 0.01 * value
        value = value - 0.1 * buffer
        assert torch.allclose(parameter.detach(), value)


def test_momentum_carried_over_gives_what_one_run_gives() -> None:
    def moved(parameter: nn.Parameter, optimiser: MomentumSGD, steps: int) -> None:
        for _ in range(steps):
            optimiser.zero_grad()
            parameter.pow(4).sum().backward()
            optimiser.step(0.1)

    start = torch.tensor([1.0, -0.5])
    whole = nn.Parameter(start.clone())
    moved(whole, MomentumSGD([whole], SETTINGS), 7)
    first = nn.Parameter(start.clone())
    before = MomentumSGD([first], SETTINGS)
    assert momentum_of(before, {first: "w"}) == {}
    moved(first, before, 3)
    second = nn.Parameter(first.detach().clone())
    after = MomentumSGD([second], SETTINGS)
    given = momentum_of(before, {first: "w"})
    give_momentum(after, {second: "w"}, given)
    moved(second, after, 4)
    assert torch.equal(second, whole)
    assert not torch.equal(momentum_of(after, {second: "w"})["w"], given["w"])  # the given one was copied


def test_it_is_bit_for_bit_the_optimiser_of_torch() -> None:
    torch.manual_seed(0)
    ours, theirs = (nn.Linear(5, 3) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    optimiser = MomentumSGD(list(ours.parameters()), SETTINGS)
    reference = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
    for _ in range(5):
        inputs = torch.randn(7, 5)
        for network, moving in ((ours, optimiser), (theirs, reference)):
            moving.zero_grad()
            network(inputs).square().sum().backward()
        optimiser.step(0.1)
        reference.step()
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)


def test_what_has_no_gradient_stays_where_it_is() -> None:
    moved, left = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimiser = MomentumSGD([moved, left], SETTINGS)
    moved.sum().backward()
    optimiser.step(0.1)
    assert torch.equal(left, torch.ones(2))
    assert momentum_of(optimiser, {moved: "moved", left: "left"}).keys() == {"moved"}
