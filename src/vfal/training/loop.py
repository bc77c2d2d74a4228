"""The one training loop. Methods say what to make small; the loop draws, weighs, moves and remembers."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vfal.core.config.machine import Machine
from vfal.core.config.phases import Optimiser
from vfal.core.config.shelf import RecipeOptimiser
from vfal.core.errors import ConfigError, DivergedError
from vfal.core.seeding import derive_seed
from vfal.core.workers import progress_bar
from vfal.data.batches import IdentityBatches
from vfal.losses.reduction import batch_mean, weighted_mean
from vfal.method import Method, Terms
from vfal.training.checkpoint import Checkpoints
from vfal.training.devices import claim_device, place, precision_context, seed_step
from vfal.training.identity_weights import IdentityWeights
from vfal.training.optimisers import clip_gradients, learning_rate, make_mover
from vfal.training.processes import average, meet, start_together
from vfal.training.record import Curve

LOG_EVERY_STEPS = 10


@dataclass(frozen=True)
class Phase:
    """One stretch of training. `first_step` continues the schedule and the batches of an earlier phase.

    With `patience` it ends after that many validations without a better one.
    """

    name: str
    seed: int
    optimiser: Optimiser
    steps: int
    checkpoint_every_steps: int
    first_step: int = 0
    validate_every_steps: int = 0
    patience: int = 0
    update_every_steps: int = 0  # identity weights; 0 holds them fixed


@dataclass
class Trained:
    """What a phase leaves: final weights and momentum, and the best weights when it validates."""

    steps: int
    momentum: dict[str, Tensor]
    best: dict[str, Any] = field(default_factory=dict)


class Loop:
    """Trains one method through one phase; killed anywhere and run again, it ends in the same bytes."""

    def __init__(
        self,
        method: Method,
        batches: IdentityBatches,
        phase: Phase,
        *,
        machine: Machine,
        device: torch.device,
        folder: Path,
        weights: IdentityWeights | None,
        observers: Mapping[str, IdentityWeights],
        momentum: Mapping[str, Tensor] | None = None,
        validate: Callable[[Method], float] | None = None,
        report: Callable[[int, float], None] | None = None,
    ) -> None:
        """`weights` multiply the losses; `observers` watch the signal they are named after.

        The signal `loss` is there for every method: the sum of an item's own losses over all turns.

        `report` is told (step, accuracy) of every validation; it may raise to end the run there.
        """
        claim_device(device)
        place(method, machine, device)
        self.method, self.batches, self.phase = method, batches, phase
        self.machine, self.device = machine, device
        self.weights, self.observers = weights, observers
        self.validate, self.report = validate, report
        self.names: dict[Tensor, str] = {parameter: name for name, parameter in method.named_parameters()}
        self.optimisers = {
            player: make_mover(parameters, phase.optimiser, [self._factor(one) for one in parameters])
            for player, parameters in method.players().items()
        }
        for optimiser in self.optimisers.values():
            optimiser.load(self.names, momentum or {})
        self.items = batches.everything(device, method.needs())
        self.folder, self.checkpoints = folder, Checkpoints(folder)
        self.best: dict[str, Any] = {}

    def run(self) -> Trained:
        """Train to the end of the phase, from the last checkpoint if there is one."""
        start = self._resume()
        start_together(self.method, start)
        step = start
        with closing(Curve(self.folder / "curve.jsonl", before_step=self.phase.first_step + start)) as curve:
            with progress_bar() as bar:
                handle = bar.add_task(self.phase.name, total=self.phase.steps, completed=start)
                for step in range(start, self.phase.steps + 1):
                    if step == self.phase.steps or self._weights_done_at(step) or self._enough_at(step):
                        break
                    if step > start and step % self.phase.checkpoint_every_steps == 0:
                        curve.sync()
                        self._save(step)
                    self._step(self.phase.first_step + step, step, curve)
                    bar.advance(handle)
            if self.validate and step == self.phase.steps > start and step % self.phase.validate_every_steps:
                self._validate(step, curve)
        self._save(step)
        meet()
        return Trained(step, self._momentum(), self.best)

    def _step(self, global_step: int, step: int, curve: Curve) -> None:
        # Seeding every step makes dropout a function of (seed, step): nothing random has to be stored.
        seed_step(derive_seed(self.phase.seed, self.batches.stream, "torch", global_step), self.device)
        self.method.refresh(global_step, self.items)
        batch = self.batches.draw(global_step, self.device).for_needs(self.method.needs())
        identity_B = torch.from_numpy(self.batches.identities_of(global_step)).to(self.device)
        rate = learning_rate(self.phase.optimiser, global_step)
        self.method.train()
        row: dict[str, float] = {"learning_rate": rate}
        own_B = torch.zeros(len(identity_B), dtype=torch.float64, device=self.device)
        logged = global_step % LOG_EVERY_STEPS == 0
        turns = iter(self.method.turns(batch, global_step))
        while True:
            with precision_context(self.machine, self.device):
                turn = next(turns, None)
            if turn is None:
                break
            player, terms = turn
            loss = self._reduce(terms, identity_B, global_step)
            self._move(player, loss, rate)
            for name, observer in self.observers.items():
                if name in terms.signals:
                    observer.observe(identity_B, terms.signals[name])
            if "loss" in self.observers:
                own_B = own_B + sum(loss_B.detach().double() for loss_B in terms.losses.values())
            if logged:
                row |= {"loss": float(loss.detach())}
                row |= {
                    f"loss_{name}": float(value.detach().mean())
                    for name, value in {**terms.losses, **terms.batch_losses}.items()
                }
                row |= {f"signal_{name}": float(value_B.mean()) for name, value_B in terms.signals.items()}
        if "loss" in self.observers:
            self.observers["loss"].observe(identity_B, own_B)
        if logged:
            if self.weights is not None:
                row["kept_ratio"] = self.weights.kept_ratio
            curve.add(global_step, row)
        if self.validate and (step + 1) % self.phase.validate_every_steps == 0:
            self._validate(step + 1, curve)

    def _reduce(self, terms: Terms, identity_B: Tensor, step: int) -> Tensor:
        weight_B = self.weights.weights(identity_B) if self.weights is not None else None
        parts = []
        for name, loss_B in terms.losses.items():
            if loss_B.ndim != 1 or len(loss_B) != len(identity_B):
                raise ValueError(f"term '{name}': shape {tuple(loss_B.shape)} is not one loss per item")
            loss_B = loss_B.float()
            if weight_B is None:
                parts.append(loss_B.mean())
            else:
                reduce = batch_mean if name in terms.batch_mean else weighted_mean
                parts.append(reduce(loss_B, weight_B.to(loss_B)))
        if terms.batch_losses and weight_B is not None:
            raise ConfigError(
                f"{self.phase.name}: identity weights cannot act on {', '.join(terms.batch_losses)}: a "
                "loss of the whole batch, which belongs to nobody. Switch it off or set adaptive: false."
            )
        parts += [value.float() for value in terms.batch_losses.values()]
        total = torch.stack(parts).sum()
        if not torch.isfinite(total):
            names = [*terms.losses, *terms.batch_losses]
            found = ", ".join(
                f"{name}={float(value.detach()):.4g}" for name, value in zip(names, parts, strict=True)
            )
            raise DivergedError(
                f"{self.phase.name}, step {step}: the loss is not finite ({found}). Lower the learning rate."
            )
        return total

    def _move(self, player: str, loss: Tensor, rate: float) -> None:
        optimiser = self.optimisers[player]
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        average(self.method, optimiser.parameters)
        settings = self.phase.optimiser
        if isinstance(settings, RecipeOptimiser) and settings.gradient_clip_norm:
            clip_gradients(optimiser.parameters, settings.gradient_clip_norm)
        optimiser.step(rate)

    def _factor(self, parameter: nn.Parameter) -> float:
        name, factors = self.names[parameter], self.method.rate_factors()
        return next((factor for start, factor in factors.items() if name.startswith(start)), 1.0)

    def _weights_done_at(self, step: int) -> bool:
        """Update the identity weights when it is time; True once they have reached their keep-ratio."""
        if not self.phase.update_every_steps or self.weights is None:
            return False
        if (
            step % self.phase.update_every_steps == 0
            and step // self.phase.update_every_steps == self.weights.updates
        ):
            self.weights.update()
        return self.weights.done

    def _enough_at(self, step: int) -> bool:
        """Whether the last `patience` validations have found nothing better."""
        if not self.phase.patience or not self.best:
            return False
        return step - int(self.best["step"]) >= self.phase.patience * self.phase.validate_every_steps

    def _validate(self, step: int, curve: Curve) -> None:
        assert self.validate is not None
        self.method.eval()
        accuracy = self.validate(self.method)
        curve.add(self.phase.first_step + step - 1, {"validation_accuracy": accuracy})
        if not self.best or accuracy > self.best["accuracy"]:
            self.best = {"accuracy": accuracy, "step": step, "model": _copied(self.method)}
        self.method.validated(self.phase.first_step + step, accuracy)
        if self.report:
            self.report(step, accuracy)

    def _momentum(self) -> dict[str, Tensor]:
        return {
            name: buffer
            for optimiser in self.optimisers.values()
            for name, buffer in optimiser.state(self.names).items()
        }

    def _save(self, step: int) -> None:
        providers = {f"observer.{name}": observer.state_dict() for name, observer in self.observers.items()}
        if self.weights is not None:
            providers["weights"] = self.weights.state_dict()
        for name, provider in self.method.providers().items():
            providers[f"method.{name}"] = provider.state_dict()
        self.checkpoints.save(
            {
                "step": step,
                "model": self.method.state_dict(),
                "momentum": self._momentum(),
                "providers": providers,
                "best": self.best,
            }
        )

    def _resume(self) -> int:
        state = self.checkpoints.load()
        if state is None:
            return 0
        self.method.load_state_dict(state["model"])
        for optimiser in self.optimisers.values():
            optimiser.load(self.names, state["momentum"])
        for name, observer in self.observers.items():
            observer.load_state_dict(state["providers"][f"observer.{name}"])
        if self.weights is not None:
            self.weights.load_state_dict(state["providers"]["weights"])
        for name, provider in self.method.providers().items():
            provider.load_state_dict(state["providers"][f"method.{name}"])
        self.best = state["best"]
        return int(state["step"])


def _copied(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in module.state_dict().items()}
