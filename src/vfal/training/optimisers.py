"""SGD with a step schedule, its state as plain tensors."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim.sgd import sgd

from vfal.core.config.phases import Optimiser


class MomentumSGD:
    """SGD with momentum, no Nesterov, weight decay on everything that moves (as published).

    The arithmetic is torch's own `sgd`; torch's class around it would import the compiler, a second for
    each stage that trains.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], settings: Optimiser) -> None:
        self.parameters, self.settings = list(parameters), settings
        self.buffers: dict[Tensor, Tensor] = {}

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move every parameter that has a gradient."""
        moving = [parameter for parameter in self.parameters if parameter.grad is not None]
        gradients = [parameter.grad for parameter in moving if parameter.grad is not None]
        buffers = [self.buffers.get(parameter) for parameter in moving]  # `sgd` fills in the missing ones
        sgd(
            [*moving],
            gradients,
            buffers,
            foreach=True,
            lr=rate,
            momentum=self.settings.momentum,
            weight_decay=self.settings.weight_decay,
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )
        for parameter, buffer in zip(moving, buffers, strict=True):
            if buffer is not None:
                self.buffers[parameter] = buffer


def learning_rate(settings: Optimiser, step: int) -> float:
    """The rate of a step: a linear ramp first, then a factor at each milestone passed."""
    ramp = min(1.0, (step + 1) / settings.ramp_steps) if settings.ramp_steps else 1.0
    passed = sum(step >= milestone for milestone in settings.milestones_steps)
    return settings.learning_rate * ramp * settings.milestone_factor**passed


def momentum_of(optimiser: MomentumSGD, names: Mapping[Tensor, str]) -> dict[str, Tensor]:
    """The momentum buffers by parameter name; empty before the first step."""
    return {names[parameter]: buffer for parameter, buffer in optimiser.buffers.items()}


def give_momentum(optimiser: MomentumSGD, names: Mapping[Tensor, str], buffers: Mapping[str, Tensor]) -> None:
    """Put copies of momentum buffers back, by parameter name."""
    for parameter in optimiser.parameters:
        if names[parameter] in buffers:
            optimiser.buffers[parameter] = buffers[names[parameter]].to(parameter.device, copy=True)
