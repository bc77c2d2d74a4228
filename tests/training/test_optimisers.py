import pytest
import torch
from torch import nn

from vfal.core.config.phases import Optimiser
from vfal.core.config.shelf import RecipeOptimiser
from vfal.training.optimisers import MomentumSGD, Mover, clip_gradients, learning_rate, make_mover

SETTINGS = Optimiser(
    learning_rate=0.1,
    momentum=0.9,
    weight_decay=0.01,
    ramp_steps=4,
    milestones_steps=(10, 20),
    milestone_factor=0.1,
)
BY_NAME = {
    name: RecipeOptimiser(**SETTINGS.model_dump(), name=name, square_decay=0.99, gradient_clip_norm=0.0)  # type: ignore[arg-type]
    for name in ("sgd", "adam")
}


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


@pytest.mark.parametrize("name", BY_NAME)
def test_a_state_carried_over_gives_what_one_run_gives(name: str) -> None:
    def moved(parameter: nn.Parameter, optimiser: Mover, steps: int) -> None:
        for _ in range(steps):
            optimiser.zero_grad()
            parameter.pow(4).sum().backward()
            optimiser.step(0.1)

    start = torch.tensor([1.0, -0.5])
    whole = nn.Parameter(start.clone())
    moved(whole, make_mover([whole], BY_NAME[name]), 7)
    first = nn.Parameter(start.clone())
    before = make_mover([first], BY_NAME[name])
    assert before.state({first: "w"}) == {}
    moved(first, before, 3)
    second = nn.Parameter(first.detach().clone())
    after = make_mover([second], BY_NAME[name])
    given = before.state({first: "w"})
    after.load({second: "w"}, given)
    moved(second, after, 4)
    assert torch.equal(second, whole)
    assert not any(torch.equal(after.state({second: "w"})[key], given[key]) for key in given)  # copied


@pytest.mark.parametrize("name", BY_NAME)
def test_it_is_bit_for_bit_the_optimiser_of_torch(name: str) -> None:
    torch.manual_seed(0)
    ours, theirs = (nn.Linear(5, 3) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    optimiser = make_mover(list(ours.parameters()), BY_NAME[name])
    reference: torch.optim.Optimizer = (
        torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
        if name == "sgd"
        else torch.optim.Adam(theirs.parameters(), lr=0.1, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    )
    for _ in range(5):
        inputs = torch.randn(7, 5)
        for network, moving in ((ours, optimiser), (theirs, reference)):
            moving.zero_grad()
            network(inputs).square().sum().backward()
        optimiser.step(0.1)
        reference.step()
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)


def test_a_factor_scales_the_rate_of_its_parameter_alone() -> None:
    slow, fast = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    optimiser = MomentumSGD([slow, fast], SETTINGS.model_copy(update={"weight_decay": 0.0}), [0.1, 1.0])
    (slow + fast).sum().backward()
    optimiser.step(0.1)
    assert slow.item() == pytest.approx(0.99) and fast.item() == pytest.approx(0.9)


def test_gradients_are_clipped_together_as_torch_does_it() -> None:
    ours = [nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(2))]
    theirs = [nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(2))]
    for pair in (ours, theirs):
        (3 * pair[0].sum() - 2 * pair[1].sum()).backward()
    clip_gradients(ours, 1.0)
    nn.utils.clip_grad_norm_(theirs, 1.0)
    assert all(torch.equal(one.grad, two.grad) for one, two in zip(ours, theirs, strict=True))  # type: ignore[arg-type]


def test_what_has_no_gradient_stays_where_it_is() -> None:
    moved, left = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimiser = MomentumSGD([moved, left], SETTINGS)
    moved.sum().backward()
    optimiser.step(0.1)
    assert torch.equal(left, torch.ones(2))
    assert optimiser.state({moved: "moved", left: "left"}).keys() == {"moved"}
