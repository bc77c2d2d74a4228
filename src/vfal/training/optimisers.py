"""SGD and Adam with a step schedule, their state as plain tensors."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.sgd import sgd

from vfal.core.config.phases import Optimiser
from vfal.core.config.shelf import RecipeOptimiser


class Mover(ABC):
    """Moves parameters along their gradients. `factors` scale the rate of each parameter; 1 without.

    The arithmetic is torch's own; torch's optimiser classes would import the compiler, a second for each
    stage that trains.
    """

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        settings: Optimiser,
        factors: Sequence[float] | None = None,
    ) -> None:
        self.parameters, self.settings = list(parameters), settings
        self.factors = list(factors) if factors else [1.0] * len(self.parameters)
        self.buffers: dict[Tensor, Tensor] = {}

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move every parameter that has a gradient."""
        pairs = [
            (factor, parameter)
            for factor, parameter in zip(self.factors, self.parameters, strict=True)
            if parameter.grad is not None
        ]
        for factor, group in groupby(sorted(pairs, key=lambda pair: pair[0]), key=lambda pair: pair[0]):
            self._move([parameter for _, parameter in group], rate * factor)

    @abstractmethod
    def _move(self, moving: list[nn.Parameter], rate: float) -> None: ...

    @abstractmethod
    def state(self, names: Mapping[Tensor, str]) -> dict[str, Tensor]:
        """What the next step needs to know, by parameter name; empty before the first step."""

    @abstractmethod
    def load(self, names: Mapping[Tensor, str], state: Mapping[str, Tensor]) -> None:
        """Put copies of a state back."""


class MomentumSGD(Mover):
    """SGD with momentum, no Nesterov, weight decay on everything that moves (as published)."""

    def _move(self, moving: list[nn.Parameter], rate: float) -> None:
        buffers = [self.buffers.get(parameter) for parameter in moving]  # `sgd` fills in the missing ones
        sgd(
            [*moving],
            _gradients(moving),
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

    def state(self, names: Mapping[Tensor, str]) -> dict[str, Tensor]:
        """The momentum buffers."""
        return {names[parameter]: buffer for parameter, buffer in self.buffers.items()}

    def load(self, names: Mapping[Tensor, str], state: Mapping[str, Tensor]) -> None:
        """Put copies of the buffers back."""
        for parameter in self.parameters:
            if names[parameter] in state:
                self.buffers[parameter] = state[names[parameter]].to(parameter.device, copy=True)


class Adam(Mover):
    """Adam (Kingma and Ba 2015), epsilon 1e-8, weight decay added to the gradient."""

    settings: RecipeOptimiser

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        settings: RecipeOptimiser,
        factors: Sequence[float] | None = None,
    ) -> None:
        super().__init__(parameters, settings, factors)
        self.squares: dict[Tensor, Tensor] = {}
        self.steps: dict[Tensor, Tensor] = {}

    def _move(self, moving: list[nn.Parameter], rate: float) -> None:
        for parameter in moving:
            if parameter not in self.buffers:
                self.buffers[parameter] = torch.zeros_like(parameter)
                self.squares[parameter] = torch.zeros_like(parameter)
                self.steps[parameter] = torch.zeros((), device=parameter.device)
        adam(
            [*moving],
            _gradients(moving),
            [self.buffers[parameter] for parameter in moving],
            [self.squares[parameter] for parameter in moving],
            [],
            [self.steps[parameter] for parameter in moving],
            fused=True,  # one pass over memory: a third of the time of one operation after the other
            amsgrad=False,
            beta1=self.settings.momentum,
            beta2=self.settings.square_decay,
            lr=rate,
            weight_decay=self.settings.weight_decay,
            eps=1e-8,
            maximize=False,
        )

    def _parts(self) -> dict[str, dict[Tensor, Tensor]]:
        return {"mean": self.buffers, "square": self.squares, "steps": self.steps}

    def state(self, names: Mapping[Tensor, str]) -> dict[str, Tensor]:
        """Both moments and the number of steps."""
        return {
            f"{names[parameter]}.{part}": value
            for part, values in self._parts().items()
            for parameter, value in values.items()
        }

    def load(self, names: Mapping[Tensor, str], state: Mapping[str, Tensor]) -> None:
        """Put copies of both moments and the number of steps back."""
        for part, values in self._parts().items():
            for parameter in self.parameters:
                key = f"{names[parameter]}.{part}"
                if key in state:
                    values[parameter] = state[key].to(parameter.device, copy=True)


def _gradients(moving: list[nn.Parameter]) -> list[Tensor]:
    return [parameter.grad for parameter in moving if parameter.grad is not None]


def make_mover(
    parameters: Sequence[nn.Parameter], settings: Optimiser, factors: Sequence[float] | None = None
) -> Mover:
    """The optimiser that the settings ask for; those of the three phases are SGD."""
    if isinstance(settings, RecipeOptimiser) and settings.name == "adam":
        return Adam(parameters, settings, factors)
    return MomentumSGD(parameters, settings, factors)


@torch.no_grad()
def clip_gradients(parameters: Sequence[nn.Parameter], most: float) -> None:
    """Scale all gradients together so that their Euclidean norm is at most `most`."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(one) for one in gradients]))
    factor = (most / (norm + 1e-6)).clamp_max(1.0)
    for gradient in gradients:
        gradient.mul_(factor)


def learning_rate(settings: Optimiser, step: int) -> float:
    """The rate of a step: a linear ramp first, then a factor at each milestone passed."""
    ramp = min(1.0, (step + 1) / settings.ramp_steps) if settings.ramp_steps else 1.0
    passed = sum(step >= milestone for milestone in settings.milestones_steps)
    return settings.learning_rate * ramp * settings.milestone_factor**passed
