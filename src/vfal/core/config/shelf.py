"""Blocks about the shelf: the recipe that its methods share, its models, their evaluation."""

from typing import Any, Literal

from pydantic import Field, PositiveInt

from vfal.core.config.block import Block
from vfal.core.config.phases import Augmentation, Optimiser


class RecipeOptimiser(Optimiser):
    """SGD or Adam with the same schedule; `momentum` is Adam's first decay, `square_decay` its second."""

    name: Literal["sgd", "adam"]
    square_decay: float = Field(ge=0, lt=1)
    gradient_clip_norm: float = Field(ge=0)


class Adaptive(Block):
    """Identity weights on any method: warm-up and weighing before it is trained (`adaptive: true`)."""

    warm_up_steps: PositiveInt
    interval_steps: PositiveInt
    max_steps: PositiveInt
    hardness: str
    hardness_initial: float


class Recipe(Block):
    """How a method of the shelf is trained; its own block replaces what its paper says otherwise."""

    trunk_width: PositiveInt
    trunk_dropout: float = Field(ge=0, lt=1)
    sampling: Literal["identity", "video"]
    batch_size: PositiveInt
    views: PositiveInt
    max_steps: PositiveInt
    validate_every_steps: PositiveInt
    patience: PositiveInt
    checkpoint_every_steps: PositiveInt
    optimiser: RecipeOptimiser
    adaptive: Adaptive
    augmentation: Augmentation


class ShelfModel(Block):
    """A model that is trained: a method, and the keys of its block that this model changes."""

    method: str
    changes: dict[str, Any]


class TrainMethod(Block):
    """The shelf's models and what they have in common."""

    seeds: tuple[int, ...] = Field(min_length=1)
    recipe: Recipe
    models: dict[str, ShelfModel]


class EvaluateMethod(Block):
    """How the shelf's models are evaluated where it differs from `evaluate`."""

    bootstrap_replicates: int = Field(ge=0)


class Claim(Block):
    """What a paper says of two models: the one is better than the other."""

    says: str
    source: str
    better: str
    worse: str


class Leaderboard(Block):
    """The table of all models."""

    sort_by: str
    claims_on: tuple[str, ...] = Field(min_length=1)
    claims: tuple[Claim, ...]
