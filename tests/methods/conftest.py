"""Methods made small on frozen features, and on pictures and recordings."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from vfal.core.config.shelf_models import ordered
from vfal.data.batches import Bag, Batch
from vfal.method import Crowd, Method
from vfal.methods import get_method
from vfal.nn.catalogue import make_encoder

from ..tiny_params import tiny_params

IDENTITIES, INPUTS, ITEMS = 10, 7, 5
Make = Callable[..., Method]


@pytest.fixture
def make() -> Make:
    """Makes a model of the shelf by name, with keys of its block replaced; always the same weights."""

    def fresh(model: str, *, raw: bool = False, **changes: Any) -> Method:
        torch.manual_seed(1)
        order = ordered(tiny_params(), model)
        method = get_method(order.method)
        if raw:
            voice = make_encoder("small_voice", "voice", channels=4, width=12)
            face = make_encoder("small_face", "face", channels=4, width=12)
        else:
            sizes = {"width": 32, "dropout": 0.0} if method.trunk == "feature_mlp" else {}
            voice = make_encoder(method.trunk, "voice", inputs=INPUTS, **sizes)
            face = make_encoder(method.trunk, "face", inputs=INPUTS, **sizes)
        return method(
            voice, face, crowd=Crowd(IDENTITIES), settings=order.settings.model_copy(update=changes)
        )

    return fresh


@pytest.fixture
def batch() -> Batch:
    """Frozen features of five people."""
    torch.manual_seed(2)
    identity_B = torch.tensor([4, 0, 7, 2, 9])
    return Batch(Bag(torch.randn(ITEMS, INPUTS), identity_B), Bag(torch.randn(ITEMS, INPUTS), identity_B))


@pytest.fixture
def raw_batch() -> Batch:
    """A second of noise and a noise picture of each of five people."""
    torch.manual_seed(3)
    identity_B = torch.tensor([4, 0, 7, 2, 9])
    voices, faces = 1000 * torch.randn(ITEMS, 16000), torch.rand(ITEMS, 3, 64, 64) * 2 - 1
    return Batch(Bag(voices, identity_B), Bag(faces, identity_B))
