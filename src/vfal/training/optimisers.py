"""SGD with a step schedule, its state as plain tensors."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from vfal.core.config.phases import Optimiser


def make_optimiser(parameters: Sequence[nn.Parameter], settings: Optimiser) -> torch.optim.SGD:
    """SGD with momentum, no Nesterov, weight decay on everything that moves (as published)."""
    return torch.optim.SGD(
        parameters,
        lr=settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        foreach=True,
    )


def learning_rate(settings: Optimiser, step: int) -> float:
    """The rate of a step: a linear ramp first, then a factor at each milestone passed."""
    ramp = min(1.0, (step + 1) / settings.ramp_steps) if settings.ramp_steps else 1.0
    passed = sum(step >= milestone for milestone in settings.milestones_steps)
    return settings.learning_rate * ramp * settings.milestone_factor**passed


def momentum_of(optimiser: torch.optim.SGD, names: Mapping[Tensor, str]) -> dict[str, Tensor]:
    """The momentum buffers by parameter name; empty before the first step."""
    return {
        names[parameter]: state["momentum_buffer"]
        for parameter, state in optimiser.state.items()
        if state.get("momentum_buffer") is not None
    }


def give_momentum(
    optimiser: torch.optim.SGD, names: Mapping[Tensor, str], buffers: Mapping[str, Tensor]
) -> None:
    """Put momentum buffers back, by parameter name."""
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            if names[parameter] in buffers:
                optimiser.state[parameter]["momentum_buffer"] = buffers[names[parameter]].to(
                    parameter.device, copy=True
                )
