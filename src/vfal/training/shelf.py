"""Training a model of the shelf: one recipe for all methods, with identity weights where asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vfal.core.config.params import Params
from vfal.core.config.shelf_models import Ordered
from vfal.core.paths import ENCODERS, FEATURES, MEDIA, PREPARED
from vfal.core.seeding import derive_seed
from vfal.core.tables import read_table
from vfal.core.types import MODALITIES, Modality
from vfal.data.batches import IdentityBatches
from vfal.data.features import NUMBER_OF
from vfal.data.tracks import Tracks, tracks
from vfal.method import Crowd, Method
from vfal.training.building import Trunk, build
from vfal.training.devices import prepare_device
from vfal.training.identity_weights import IdentityWeights
from vfal.training.loop import Loop, Phase, Trained
from vfal.training.material import Material, feature_material, media_material

LABELS = ("gender", "nationality")
UNKNOWN = -1


@dataclass(frozen=True)
class Learners:
    """The people trained on, in the order of the classifiers' rows, and what is known of them."""

    identities: list[str]
    labels: Mapping[str, np.ndarray[tuple[int], np.dtype[np.int64]]]  # of each identity; -1 is unknown
    dealt: Tracks


def material_of(params: Params, model: Ordered) -> Material:
    """Frozen features or packed media, as the model's regime says."""
    if model.settings.regime == "features":
        return feature_material(FEATURES)
    return media_material(MEDIA, params, model.recipe.augmentation)


def sources_of(model: Ordered) -> list[Path]:
    """The files that the model learns from."""
    return [PREPARED, MEDIA, ENCODERS] if model.settings.regime == "raw" else [PREPARED, FEATURES]


def learners_of(material: Material) -> Learners:
    """Everybody of the training split."""
    people = read_table(PREPARED / "identities.parquet", ["identity", *LABELS, "split"])
    people = people[people["split"] == "train"]
    tables = {}
    for modality in MODALITIES:
        number = NUMBER_OF[modality]
        prepared = read_table(PREPARED / f"{number}s.parquet", [number, "identity"]).set_index(number)
        rows = prepared.loc[material.items[modality].index[number]].reset_index()
        trained = rows["identity"].isin(people["identity"])
        tables[modality] = rows.assign(identity=rows["identity"].where(trained))
    labels = {}
    for name in LABELS:
        values = people[name].fillna("")
        known = sorted({*values} - {""})
        codes = {value: code for code, value in enumerate(known)}
        labels[name] = np.asarray([codes.get(value, UNKNOWN) for value in values], dtype=np.int64)
    return Learners(people["identity"].tolist(), labels, tracks(tables["voice"], tables["face"]))


class ShelfTraining:
    """One model of the shelf being trained with one seed."""

    def __init__(
        self, params: Params, model: Ordered, material: Material, learners: Learners, *, seed: int, work: Path
    ) -> None:
        """`work` is the folder of its checkpoints."""
        self.params, self.model, self.material = params, model, material
        self.learners, self.seed, self.work = learners, seed, work
        self.device = prepare_device(params.machine, small_steps=model.settings.regime == "features")

    @property
    def crowd(self) -> Crowd:
        """Whom it learns from."""
        labels, batches = self.learners.labels, self._batches("count")
        return Crowd(
            len(self.learners.identities),
            genders=int(labels["gender"].max()) + 1,
            nationalities=int(labels["nationality"].max()) + 1,
            tracks=len(self.learners.dealt.owners),
            clips=len(batches.sources["voice"][1].rows),
            faces=len(batches.sources["face"][1].rows),
        )

    def run(self, validate: Callable[[Method], float]) -> Trained:
        """Train it; the best step on validation is kept. With `adaptive`, identity weights come first."""
        weights = self._learned_weights() if self.model.settings.adaptive else None
        recipe = self.model.recipe
        phase = Phase(
            self.model.name,
            self.seed,
            recipe.optimiser,
            recipe.max_steps,
            recipe.checkpoint_every_steps,
            validate_every_steps=recipe.validate_every_steps,
            patience=recipe.patience,
        )
        method = self._fresh("training")
        return self._loop(method, phase, "training", weights=weights, validate=validate).run()

    def _learned_weights(self) -> IdentityWeights:
        """Identity weights by warm-up and weighing, as for the main method."""
        recipe, settings, rule = self.model.recipe, self.model.recipe.adaptive, self.params.weigh_identities
        weights = IdentityWeights(
            len(self.learners.identities),
            hardness_initial=settings.hardness_initial,
            hardness_ema=rule.hardness_ema,
            initial_ratio=rule.initial_ratio,
            growth_ratio=rule.growth_ratio,
            decay=rule.decay,
            keep_ratio=rule.keep_ratio,
            device=self.device,
        )
        method, watched = self._fresh("weighing"), {settings.hardness: weights}
        every = recipe.checkpoint_every_steps
        warm_up = Phase("warm_up", self.seed, recipe.optimiser, settings.warm_up_steps, every)
        trained = self._loop(method, warm_up, "weighing", observers=watched).run()
        weighing = Phase(
            "weigh_identities",
            self.seed,
            recipe.optimiser,
            settings.max_steps,
            every,
            first_step=settings.warm_up_steps,
            update_every_steps=settings.interval_steps,
        )
        self._loop(
            method, weighing, "weighing", weights=weights, observers=watched, momentum=trained.momentum
        ).run()
        return weights

    def _fresh(self, stream: str) -> Method:
        torch.manual_seed(derive_seed(self.seed, stream, "initial weights"))
        return self.built(ENCODERS)

    def built(self, encoders: Path | None) -> Method:
        """The method, untrained."""
        return build_model(
            self.params, self.model, self.crowd, self.material.feature_width, encoders=encoders
        )

    def _batches(self, stream: str) -> IdentityBatches:
        recipe, learners = self.model.recipe, self.learners
        by_track = recipe.sampling == "video"
        groups = len(learners.dealt.owners if by_track else learners.identities)
        return self.material.batches(
            learners.identities,
            batch_identities=min(recipe.batch_size // recipe.views, groups),
            views=recipe.views,
            seed=self.seed,
            stream=stream,
            labels=learners.labels,
            dealt=learners.dealt if by_track else None,
        )

    def _loop(
        self,
        method: Method,
        phase: Phase,
        stream: str,
        *,
        weights: IdentityWeights | None = None,
        observers: Mapping[str, IdentityWeights] | None = None,
        momentum: Mapping[str, Tensor] | None = None,
        validate: Callable[[Method], float] | None = None,
    ) -> Loop:
        folder = self.work / phase.name
        folder.mkdir(exist_ok=True)
        return Loop(
            method,
            self._batches(stream),
            phase,
            machine=self.params.machine,
            device=self.device,
            folder=folder,
            weights=weights,
            observers=observers or {},
            momentum=momentum,
            validate=validate,
        )


def build_model(
    params: Params,
    model: Ordered,
    crowd: Crowd,
    feature_width: Mapping[Modality, int],
    *,
    encoders: Path | None,
) -> Method:
    """The method of a model of the shelf, untrained."""
    trunk = Trunk(model.recipe.trunk_width, model.recipe.trunk_dropout)
    return build(
        model.method,
        model.settings,
        trunk,
        params,
        feature_width=feature_width,
        crowd=crowd,
        encoders=encoders,
    )
