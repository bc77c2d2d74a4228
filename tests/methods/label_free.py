"""Small material for methods that learn from tracks: people whose tracks look and sound alike."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from vfal.core.config.shelf_models import ordered
from vfal.core.seeding import generator
from vfal.data.batches import Bag, Batch, IdentityBatches, RowsByIdentity, TrainingItems
from vfal.data.inputs import FeatureInputs
from vfal.method import Crowd, Method
from vfal.methods import get_method
from vfal.nn.catalogue import make_encoder

from ..tiny_params import tiny_params

PEOPLE, TRACKS, ITEMS = 6, 18, 36  # three tracks each, of two clips and two faces
WIDTHS = {"voice": 5, "face": 7}
CROWD = Crowd(PEOPLE, tracks=TRACKS, clips=ITEMS, faces=ITEMS)


def items_of(kind: str) -> Tensor:
    """Inputs by row; row i is of track i % TRACKS, and that of person track % PEOPLE."""
    person_N = np.arange(ITEMS) % TRACKS % PEOPLE
    people = generator(1, kind, "people").standard_normal((PEOPLE, WIDTHS[kind]))
    noise = generator(1, kind, "items").standard_normal((ITEMS, WIDTHS[kind]))
    return torch.from_numpy((2 * people[person_N] + 0.1 * noise).astype(np.float32))


def batches() -> IdentityBatches:
    sources = {
        kind: (
            FeatureInputs(items_of(kind).numpy()),
            RowsByIdentity(np.arange(ITEMS) % TRACKS, range(TRACKS), kind),
        )
        for kind in WIDTHS
    }
    return IdentityBatches(
        sources,
        TRACKS,
        batch_identities=6,
        views=1,
        seed=1,
        stream="label-free",
        owners=np.arange(TRACKS) % PEOPLE,
    )


def items(needs: frozenset[str] = frozenset({"video"})) -> TrainingItems:
    return batches().everything(torch.device("cpu"), needs)


def batch_of(step: int) -> Batch:
    return batches().draw(step, torch.device("cpu")).for_needs({"video"})


def on_features(model: str, **changes: Any) -> Method:
    torch.manual_seed(1)
    row = ordered(tiny_params(), model)
    method = get_method(row.method)
    sizes = {"width": 16, "dropout": 0.0} if method.trunk == "feature_mlp" else {}
    voice = make_encoder(method.trunk, "voice", inputs=WIDTHS["voice"], **sizes)
    face = make_encoder(method.trunk, "face", inputs=WIDTHS["face"], **sizes)
    settings = row.settings.model_copy(update={"width": 8} | changes)
    return method(voice, face, crowd=CROWD, settings=settings)


def on_media(model: str, **changes: Any) -> Method:
    torch.manual_seed(1)
    row = ordered(tiny_params(), model)
    voice = make_encoder("small_voice", "voice", channels=4, width=12)
    face = make_encoder("small_face", "face", channels=4, width=12)
    settings = row.settings.model_copy(update={"width": 8} | changes)
    return get_method(row.method)(voice, face, crowd=CROWD, settings=settings)


def media_batch() -> Batch:
    draw = torch.Generator().manual_seed(0)
    track_B = torch.tensor([3, 0, 7, 9])
    voices = Bag(1000 * torch.randn(4, 16000, generator=draw), None, video_B=track_B)
    return Batch(voices, Bag(torch.rand(4, 3, 64, 64, generator=draw), None, video_B=track_B))


def total(method: Method, batch: Batch, step: int) -> Tensor:
    """What a step makes small."""
    ((_, terms),) = method.turns(batch, step)
    return torch.stack(
        [*(loss_B.mean() for loss_B in terms.losses.values()), *terms.batch_losses.values()]
    ).sum()


def resumed(method: Method, model: str, **changes: Any) -> Method:
    """A fresh model that was given the state of another."""
    fresh = on_features(model, **changes)
    fresh.load_state_dict(method.state_dict())
    return fresh


def tracks_of_person() -> Tensor:
    return torch.arange(TRACKS) % PEOPLE
