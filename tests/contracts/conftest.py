"""Entries of the shelves, each made small enough to be tried."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from vfal.core.seeding import derive_seed, generator
from vfal.data.batches import Bag, Batch, IdentityBatches, RowsByIdentity
from vfal.data.inputs import FeatureInputs
from vfal.method import Method
from vfal.methods import SHELF, get_method
from vfal.nn.feature_mlp import FeatureMLP

from ..tiny_params import tiny_params

IDENTITIES, INPUTS, WIDTH, ITEMS_EACH = 10, 7, 16, 3
NAMES = [f"id{code}" for code in range(IDENTITIES)]


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=list(SHELF))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(name: str) -> Callable[[], Method]:
    """Makes the method afresh, always with the same weights, on frozen features."""

    def fresh(seed: int = 1) -> Method:
        torch.manual_seed(derive_seed(seed, name))
        settings = getattr(tiny_params().methods, name).model_copy(update={"width": WIDTH, "dropout": 0.1})
        voice = FeatureMLP(modality="voice", inputs=INPUTS, width=32, dropout=0.0)
        face = FeatureMLP(modality="face", inputs=INPUTS, width=32, dropout=0.0)
        return get_method(name)(voice, face, identities=IDENTITIES, settings=settings)

    return fresh


def features(word: str, count: int) -> Tensor:
    return torch.from_numpy(generator(1, word).standard_normal((count, INPUTS)).astype(np.float32))


@pytest.fixture
def batch() -> Batch:
    identity_B = torch.tensor([4, 0, 7, 2, 9])
    return Batch(Bag(features("voices", 5), identity_B), Bag(features("faces", 5), identity_B))


@pytest.fixture
def batches() -> IdentityBatches:
    def source(kind: str) -> tuple[FeatureInputs, RowsByIdentity]:
        rows = FeatureInputs(features(kind, ITEMS_EACH * IDENTITIES).numpy())
        return rows, RowsByIdentity(NAMES * ITEMS_EACH, NAMES, kind)

    return IdentityBatches(
        {"voice": source("voice"), "face": source("face")},
        IDENTITIES,
        batch_identities=5,
        views=1,
        seed=1,
        stream="contract",
    )
