"""Methods of the shelf on small encoders, and batches made by hand."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vfal.core.config.shelf_models import ordered
from vfal.core.types import MODALITIES
from vfal.data.batches import Bag, Batch
from vfal.method import Crowd, Method, Terms
from vfal.methods import get_method
from vfal.nn.catalogue import make_encoder

from ..tiny_params import tiny_params

CROWD = Crowd(10, genders=2, nationalities=3, tracks=10, clips=30, faces=30)
SIZES = {"width": 16, "hidden": 24, "dropout": 0.0}  # of every block that has such keys
INPUTS = 7


def make(model: str, *, crowd: Crowd = CROWD, raw: bool = False, **changes: Any) -> Method:
    """A model with some keys of its block changed; on frozen features, or on media if `raw`."""
    torch.manual_seed(1)
    order = ordered(tiny_params(), model)
    encoders: list[nn.Module] = []
    for modality in MODALITIES:
        sizes = {"channels": 4, "width": 8} if raw else {"inputs": INPUTS, "width": 12, "dropout": 0.0}
        encoders.append(make_encoder(f"small_{modality}" if raw else "feature_mlp", modality, **sizes))
    block = type(order.settings).model_fields
    known = {key: value for key, value in SIZES.items() if key in block} | changes
    settings = order.settings.model_copy(update=known)
    return get_method(order.method)(encoders[0], encoders[1], crowd=crowd, settings=settings)


def features(seed: int, count: int) -> Tensor:
    drawn = np.random.default_rng(seed).standard_normal((count, INPUTS))
    return torch.from_numpy(drawn.astype(np.float32))


def batch_of(people: list[int], *, raw: bool = False, **labels: list[int]) -> Batch:
    """One item of each modality per entry; of recordings and pictures if `raw`."""
    tensors = {f"{name}_B": torch.tensor(values) for name, values in labels.items()}
    inputs = [features(1, len(people)), features(2, len(people))]
    if raw:
        inputs = [torch.randn(len(people), 8000) * 1000, torch.rand(len(people), 3, 32, 32) * 2 - 1]
    return Batch(*(Bag(given, torch.tensor(people), **tensors) for given in inputs))


def terms_of(method: Method, batch: Batch, step: int = 0) -> Terms:
    """The terms of the method's only turn, by what the loop would hand it."""
    ((player, terms),) = method.turns(batch.for_needs(method.card.needs), step)
    assert player == "all"
    return terms


def total(terms: Terms) -> Tensor:
    return torch.stack([loss_B.mean() for loss_B in terms.losses.values()]).sum()


def learns_from_media(model: str) -> bool:
    """Whether one step with raw encoders gives every parameter a finite gradient."""
    method = make(model, raw=True).train()
    people = [0, 0, 1, 1, 2, 2]
    batch = batch_of(people, raw=True, gender=[0, 0, 1, 1, 0, 0], nationality=[-1, -1, 1, 1, 0, 0])
    total(terms_of(method, batch)).backward()
    gradients = [parameter.grad for parameter in method.parameters()]
    return all(gradient is not None and bool(gradient.isfinite().all()) for gradient in gradients)
