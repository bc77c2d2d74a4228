"""Models of the shelf made small, and material to try them on: items by hand, media, and people in tracks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vfal.core.config.shelf_models import ordered
from vfal.core.seeding import generator
from vfal.core.types import MODALITIES, Modality
from vfal.data.batches import Bag, Batch, IdentityBatches, RowsByIdentity, TrainingItems
from vfal.data.inputs import FeatureInputs
from vfal.method import Crowd, Method, Terms
from vfal.methods import get_method
from vfal.nn.catalogue import make_encoder

from ..tiny_params import tiny_params

INPUTS = {"voice": 7, "face": 7}
WIDTHS = {"voice": 16, "face": 16}
CROWD = Crowd(10, genders=2, nationalities=3, tracks=10, clips=30, faces=30)
SMALL = {"width": 16, "hidden": 24, "dropout": 0.0}  # of every block that has such numbers


def make(
    model: str,
    *,
    crowd: Crowd = CROWD,
    inputs: Mapping[str, int] = INPUTS,
    widths: Mapping[str, int] = WIDTHS,
    trunk: str | None = None,
    raw: bool = False,
    **changes: Any,
) -> Any:
    """A model of the shelf, always with the same weights, some keys of its block changed.

    Its encoders take frozen features, `inputs` wide, or with `raw` recordings and pictures, and give
    `widths`; with the trunk `plain_features`, which some methods have, the features themselves.
    """
    torch.manual_seed(1)
    order = ordered(tiny_params(), model)
    kind = get_method(order.method)
    taken = trunk or kind.trunk
    encoders = [_encoder(taken, side, inputs[side], widths[side], raw) for side in MODALITIES]
    block = order.settings
    small = {key: value for key, value in SMALL.items() if isinstance(getattr(block, key, None), type(value))}
    return kind(*encoders, crowd=crowd, settings=block.model_copy(update=small | changes))


def _encoder(trunk: str, modality: Modality, inputs: int, width: int, raw: bool) -> nn.Module:
    if raw:
        return make_encoder(f"small_{modality}", modality, channels=4, width=width)
    sizes = {"width": width, "dropout": 0.0} if trunk == "feature_mlp" else {}
    return make_encoder(trunk, modality, inputs=inputs, **sizes)


def features(word: str, items: int, width: int = 7) -> Tensor:
    """Random features (items, width), the same for the same word."""
    return torch.from_numpy(generator(1, word).standard_normal((items, width)).astype(np.float32))


def batch_of(people: list[int], *, inputs: Mapping[str, int] = INPUTS, **labels: list[int]) -> Batch:
    """Frozen features of one item of each modality per entry, and labels beside the identities."""
    tensors = {f"{name}_B": torch.tensor(values) for name, values in labels.items()}
    voices, faces = (
        Bag(features(f"{modality}s", len(people), inputs[modality]), torch.tensor(people), **tensors)
        for modality in MODALITIES
    )
    return Batch(voices, faces)


def media() -> Batch:
    """Half a second of noise and a noise picture in each row, two rows a person, with every label."""
    noise = torch.Generator().manual_seed(0)
    labels = {
        "identity_B": torch.tensor([0, 0, 1, 1, 2, 2]),
        "gender_B": torch.tensor([0, 0, 1, 1, 0, 0]),
        "nationality_B": torch.tensor([-1, -1, 1, 1, 0, 0]),
        "video_B": torch.tensor([3, 0, 7, 9, 5, 2]),
    }
    voices = 1000 * torch.randn(6, 8000, generator=noise)
    return Batch(Bag(voices, **labels), Bag(torch.rand(6, 3, 32, 32, generator=noise) * 2 - 1, **labels))


def terms_of(method: Method, batch: Batch, step: int = 0) -> Terms:
    """The terms of the method's only turn, by what the loop would hand it."""
    ((player, terms),) = method.turns(batch.for_needs(method.needs()), step)
    assert player == "all"
    return terms


def losses_of(method: Method, batch: Batch, step: int = 0) -> dict[str, Tensor]:
    """The losses (B,) among them."""
    return dict(terms_of(method, batch, step).losses)


def total(terms: Terms) -> Tensor:
    """What a step makes small."""
    means = [loss_B.mean() for loss_B in terms.losses.values()]
    return torch.stack([*means, *terms.batch_losses.values()]).sum()


def unmoved_by_media(model: str, **changes: Any) -> list[str]:
    """The parameters to which a step from recordings and pictures gives no gradient, or none that is finite.

    An encoder whose gradients are all zero is named as well.
    """
    method = make(model, raw=True, **changes).train()
    total(terms_of(method, media())).backward()
    learning = {name: one.grad for name, one in method.named_parameters() if one.requires_grad}
    still = [name for name, grad in learning.items() if grad is None or not grad.isfinite().all()]
    for encoder in MODALITIES:
        gradients = [grad for name, grad in learning.items() if name.startswith(f"{encoder}.")]
        if not any(grad is not None and grad.any() for grad in gradients):
            still.append(encoder)
    return still


PEOPLE, TRACKS, TRACK_ITEMS = 6, 18, 36  # three tracks each, of two clips and two faces
TRACK_INPUTS = {"voice": 5, "face": 7}
TRACKED: dict[str, Any] = {  # of a model that learns from them
    "crowd": Crowd(PEOPLE, tracks=TRACKS, clips=TRACK_ITEMS, faces=TRACK_ITEMS),
    "inputs": TRACK_INPUTS,
    "width": 8,
}


def track_inputs(kind: str) -> Tensor:
    """Inputs by row; row i is of track i % TRACKS, and that of person track % PEOPLE."""
    person_N = np.arange(TRACK_ITEMS) % TRACKS % PEOPLE
    people = generator(1, kind, "people").standard_normal((PEOPLE, TRACK_INPUTS[kind]))
    noise = generator(1, kind, "items").standard_normal((TRACK_ITEMS, TRACK_INPUTS[kind]))
    return torch.from_numpy((2 * people[person_N] + 0.1 * noise).astype(np.float32))


def track_batches() -> IdentityBatches:
    """Six tracks at a time, three steps a pass."""
    sources = {
        kind: (
            FeatureInputs(track_inputs(kind).numpy()),
            RowsByIdentity(np.arange(TRACK_ITEMS) % TRACKS, range(TRACKS), kind),
        )
        for kind in TRACK_INPUTS
    }
    owners = np.arange(TRACKS) % PEOPLE
    return IdentityBatches(
        sources, TRACKS, batch_identities=6, views=1, seed=1, stream="label-free", owners=owners
    )


def track_items(needs: frozenset[str] = frozenset({"video"})) -> TrainingItems:
    """All of them, as a refresh is handed them."""
    return track_batches().everything(torch.device("cpu"), needs)


def track_batch(step: int) -> Batch:
    """Those of a step, with no label but the track."""
    return track_batches().draw(step, torch.device("cpu")).for_needs({"video"})
