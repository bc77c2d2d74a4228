"""A training loop small enough to be run and killed many times."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from vfal.core.config.phases import Optimiser
from vfal.core.seeding import derive_seed, generator
from vfal.data.batches import Batch, IdentityBatches, RowsByIdentity
from vfal.data.inputs import FeatureInputs
from vfal.method import Card, Crowd, Method, Terms
from vfal.methods.seeking_the_shape import SeekingTheShapeOfSound
from vfal.nn.feature_mlp import FeatureMLP
from vfal.training.identity_weights import IdentityWeights
from vfal.training.loop import Loop, Phase

from ..tiny_params import tiny_params

IDENTITIES, WIDTH, BATCH = 12, 6, 5
NAMES = [f"id{row}" for row in range(IDENTITIES)]
OPTIMISER = Optimiser(
    learning_rate=0.1,
    momentum=0.9,
    weight_decay=0.001,
    ramp_steps=3,
    milestones_steps=(20,),
    milestone_factor=0.1,
)
STILL = OPTIMISER.model_copy(update={"weight_decay": 0.0, "ramp_steps": 0, "momentum": 0.0})


class Killed(BaseException):
    """Stands for kill -9: nobody catches it."""


def batches(seed: int = 1, nan_at: list[int] | None = None) -> IdentityBatches:
    sources = {}
    for modality in ("voice", "face"):
        features = generator(4, modality).standard_normal((3 * IDENTITIES, WIDTH)).astype(np.float32)
        if nan_at is not None and modality == "voice":
            features[nan_at] = np.nan
        sources[modality] = (FeatureInputs(features), RowsByIdentity(NAMES * 3, NAMES, modality))
    return IdentityBatches(sources, IDENTITIES, batch_identities=BATCH, views=1, seed=seed, stream="train")


def main_method(seed: int = 1, **changes: Any) -> Method:
    prefix = "methods__seeking_the_shape__"
    params = tiny_params(**{f"{prefix}{key}": value for key, value in ({"width": 8} | changes).items()})
    torch.manual_seed(derive_seed(seed, "initial weights"))
    voice = FeatureMLP(modality="voice", inputs=WIDTH, width=10, dropout=0.0)
    face = FeatureMLP(modality="face", inputs=WIDTH, width=10, dropout=0.0)
    settings = params.methods.seeking_the_shape
    return SeekingTheShapeOfSound(voice, face, crowd=Crowd(IDENTITIES), settings=settings)


def tracker(**changes: float) -> IdentityWeights:
    rule = {"hardness_initial": 5.0, "hardness_ema": 0.9, "initial_ratio": 0.3, "growth_ratio": 0.1}
    return IdentityWeights(IDENTITIES, **(rule | {"decay": 0.9, "keep_ratio": 0.9} | changes))


def loop(
    folder: Path,
    *,
    method: Method | None = None,
    seed: int = 1,
    drawn: IdentityBatches | None = None,
    weights: IdentityWeights | None = None,
    observers: Mapping[str, IdentityWeights] | None = None,
    momentum: Mapping[str, Tensor] | None = None,
    validate: Callable[[Method], float] | None = None,
    report: Callable[[int, float], None] | None = None,
    precision: str = "fp32",
    **phase: Any,
) -> Loop:
    given = {"steps": 30, "checkpoint_every_steps": 4} | phase
    return Loop(
        method or main_method(seed),
        drawn or batches(seed),
        Phase("train", seed, given.pop("optimiser", OPTIMISER), **given),
        machine=tiny_params(machine__precision=precision).machine,
        device=torch.device("cpu"),
        folder=folder,
        weights=weights,
        observers=observers or {},
        momentum=momentum,
        validate=validate,
        report=report,
    )


class OneVectorEach(Method):
    """A vector per identity and nothing shared: what happens to a person is seen in its row."""

    card: ClassVar[Card] = Card("", "", 2026, "", "", frozenset({"identity"}), frozenset(), ())

    def __init__(self) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.ones(IDENTITIES, 2))
        self.batch_mean: frozenset[str] = frozenset()

    def embed_voices(self, voices: Tensor) -> Tensor:
        return voices

    def embed_faces(self, faces: Tensor) -> Tensor:
        return faces

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        assert batch.voices is not None and batch.voices.identity_B is not None
        size_B = self.vectors[batch.voices.identity_B].pow(2).sum(1)
        yield "all", Terms({"size": size_B}, {"size": size_B.detach()}, self.batch_mean)


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return list(first) == list(second) and all(torch.equal(first[name], second[name]) for name in first)
