"""Methods on plain features or small raw encoders, and batches for them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from vfal.core.config.shelf_models import ordered
from vfal.core.seeding import generator
from vfal.data.batches import Bag, Batch
from vfal.method import Crowd, Method
from vfal.methods import get_method
from vfal.nn.catalogue import make_encoder

from ...tiny_params import tiny_params

INPUTS = {"voice": 7, "face": 7}
Make = Callable[..., Method]


@pytest.fixture
def features() -> Callable[..., Tensor]:
    """Random features (items, width), the same for the same word."""

    def draw(word: str, items: int, width: int = 7) -> Tensor:
        return torch.from_numpy(generator(1, word).standard_normal((items, width)).astype(np.float32))

    return draw


@pytest.fixture
def make() -> Make:
    """A method by name on plain features, small and without dropout, some keys of its block changed."""

    def fresh(name: str, *, crowd: Crowd | None = None, inputs: Any = None, **changes: Any) -> Method:
        torch.manual_seed(1)
        sizes = inputs or INPUTS
        settings = ordered(tiny_params(), name).settings
        encoders = {
            modality: make_encoder("plain_features", modality, inputs=sizes[modality])
            for modality in ("voice", "face")
        }
        small = {"width": 16, "dropout": 0.0} | changes
        return get_method(name)(
            encoders["voice"],
            encoders["face"],
            crowd=crowd or Crowd(10),
            settings=settings.model_copy(update=small),
        )

    return fresh


@pytest.fixture
def make_raw() -> Make:
    """A method by name with small encoders of waveforms and pictures."""

    def fresh(name: str) -> Method:
        torch.manual_seed(1)
        sizes = {"channels": 2, "width": 8}
        voice, face = (
            make_encoder("small_voice", "voice", **sizes),
            make_encoder("small_face", "face", **sizes),
        )
        return get_method(name)(voice, face, crowd=Crowd(10), settings=ordered(tiny_params(), name).settings)

    return fresh


@pytest.fixture
def batch(features: Callable[..., Tensor]) -> Batch:
    """Six people, none twice."""
    identity_B = torch.tensor([4, 0, 7, 2, 9, 5])
    return Batch(Bag(features("voices", 6), identity_B), Bag(features("faces", 6), identity_B))


@pytest.fixture
def raw_batch() -> Batch:
    identity_B = torch.tensor([4, 0, 7, 2])
    rng = generator(1, "raw")
    voices = torch.from_numpy(rng.standard_normal((4, 16000)).astype(np.float32) * 1000)
    faces = torch.from_numpy(rng.uniform(-1, 1, (4, 3, 32, 32)).astype(np.float32))
    return Batch(Bag(voices, identity_B), Bag(faces, identity_B))
