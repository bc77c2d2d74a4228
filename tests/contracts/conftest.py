"""Entries of the shelves, each made small enough to be tried."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from vfal.core.config.shelf_models import ordered
from vfal.core.seeding import derive_seed, generator
from vfal.data.batches import Bag, Batch, IdentityBatches, RowsByIdentity
from vfal.data.inputs import FeatureInputs
from vfal.method import Crowd, Method
from vfal.methods import get_method
from vfal.nn.catalogue import make_encoder

from ..one_thread import one_thread as one_thread
from ..tiny_params import tiny_params

IDENTITIES, INPUTS, WIDTH, ITEMS_EACH = 10, 7, 16, 3
BATCH = 5
STEPS_PER_PASS = IDENTITIES // BATCH
NAMES = [f"id{code}" for code in range(IDENTITIES)]


ITEMS = ITEMS_EACH * IDENTITIES
CROWD = Crowd(IDENTITIES, genders=2, nationalities=3, tracks=IDENTITIES, clips=ITEMS, faces=ITEMS)
SMALL = {  # of every block that has such keys
    "width": WIDTH,
    "dropout": 0.1,
    "first_clustering_passes": 1,  # what is learned from all items is learned within the few steps here
    "cluster_every_passes": 1,
    "start_steps": STEPS_PER_PASS,
    "first_mining_passes": 1,
    "mine_every_passes": 1,
    "neighbours_first": 2,
    "neighbours_last": 1,
    "least_tracks_per_cluster": 1,
    "tracks_per_cluster": (5.0, 3.0, 2.0),
}
LABELS = {
    "gender": np.arange(IDENTITIES, dtype=np.int64) % 2,
    "nationality": np.arange(IDENTITIES, dtype=np.int64) % 4 - 1,  # -1: not known
}
MODELS = tiny_params().train_method.models
PLAIN = [name for name, model in MODELS.items() if not model.changes.get("adaptive")]


@pytest.fixture(params=PLAIN)
def model(request: pytest.FixtureRequest) -> str:
    """A model of the shelf: every method, and every variant that has a row of the leaderboard."""
    return str(request.param)


@pytest.fixture
def name(model: str) -> str:
    """The method of the model."""
    return MODELS[model].method


@pytest.fixture
def make(model: str, name: str) -> Callable[..., Method]:
    """Makes the model afresh, always with the same weights, on frozen features; with `changes` it knows."""

    def fresh(seed: int = 1, **changes: Any) -> Method:
        torch.manual_seed(derive_seed(seed, name))
        settings = ordered(tiny_params(), model).settings
        given = SMALL | changes
        known = {key: value for key, value in given.items() if key in type(settings).model_fields}
        method = get_method(name)
        sizes = {"width": 128, "dropout": 0.0} if method.trunk == "feature_mlp" else {}
        voice = make_encoder(method.trunk, "voice", inputs=INPUTS, **sizes)
        face = make_encoder(method.trunk, "face", inputs=INPUTS, **sizes)
        return method(voice, face, crowd=CROWD, settings=settings.model_copy(update=known))

    return fresh


def features(word: str, count: int) -> Tensor:
    return torch.from_numpy(generator(1, word).standard_normal((count, INPUTS)).astype(np.float32))


@pytest.fixture
def batch() -> Batch:
    identity_B = torch.tensor([4, 0, 7, 2, 9])
    labels = {f"{label}_B": torch.from_numpy(label_I)[identity_B] for label, label_I in LABELS.items()}
    labels |= {"identity_B": identity_B, "video_B": identity_B, "place_B": identity_B * ITEMS_EACH}
    return Batch(Bag(features("voices", 5), **labels), Bag(features("faces", 5), **labels))


@pytest.fixture
def batches(model: str) -> IdentityBatches:
    def source(kind: str) -> tuple[FeatureInputs, RowsByIdentity]:
        # What all items of a person share: methods that are told no names must find people by themselves.
        people = features(f"{kind}s of people", IDENTITIES).repeat(ITEMS_EACH, 1)
        rows = FeatureInputs((people + 0.2 * features(kind, ITEMS)).numpy())
        return rows, RowsByIdentity(NAMES * ITEMS_EACH, NAMES, kind)

    recipe = ordered(tiny_params(), model).recipe
    return IdentityBatches(
        {"voice": source("voice"), "face": source("face")},
        IDENTITIES,
        batch_identities=BATCH,
        views=recipe.views,
        seed=1,
        stream="contract",
        labels=LABELS,
        owners=np.arange(IDENTITIES) if recipe.sampling == "video" else None,
    )
