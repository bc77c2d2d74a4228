"""Short runs of a method in the training loop."""

from collections.abc import Callable
from pathlib import Path

import torch

from vfal.core.config.phases import Optimiser
from vfal.data.batches import Batch, IdentityBatches
from vfal.method import Method
from vfal.training.loop import Loop, Phase

from ..tiny_params import tiny_params

Make = Callable[..., Method]
CALM = {"weight_decay": 0.0, "learning_rate": 0.02}  # at 0.05 sums of several classifiers kill hidden units
OPTIMISER = tiny_params().warm_up.optimiser.model_copy(update=CALM)


def handed(method: Method, batch: Batch) -> Batch:
    """What the loop gives the method: no labels but those it asks for."""
    return batch.for_needs(method.needs())


def train(
    method: Method,
    batches: IdentityBatches,
    folder: Path,
    steps: int = 6,
    optimiser: Optimiser = OPTIMISER,
    checkpoint_every_steps: int = 3,
    validate: Callable[[Method], float] | None = None,
) -> Loop:
    """`validate` judges the method after every step."""
    loop = Loop(
        method,
        batches,
        Phase("contract", 1, optimiser, steps, checkpoint_every_steps, validate_every_steps=1),
        machine=tiny_params().machine,
        device=torch.device("cpu"),
        folder=folder,
        weights=None,
        observers={},
        validate=validate,
    )
    loop.run()
    return loop
