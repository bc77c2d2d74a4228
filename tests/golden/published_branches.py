"""Networks of branches under the names that published code gives their parts, and its training steps."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vfal.core.config.shelf_models import ordered
from vfal.data.batches import Bag, Batch
from vfal.method import Crowd, Method
from vfal.methods import get_method
from vfal.nn.plain_features import PlainFeatures
from vfal.training.optimisers import make_mover

from ..tiny_params import tiny_params

RENAMED = (  # published name -> ours
    (r"^(voice|face)_branch\.fc1\.", r"\1_branch.layers.0."),
    (r"^encoder_v\.fc1\.", "voice_branch.layers.0."),
    (r"^encoder_f\.fc1\.", "face_branch.layers.0."),
    (r"^embed_branch\.fc1\.", "stream.branch.layers.0."),
    (r"^embed_branch\.fc2\.", "stream.branch.layers.1."),
    (r"^fusion_layer\.attention\.0\.block\.", "fusion.gate."),
    (r"^fusion_layer\.attention\.1\.", "fusion.gate.3."),
    (r"^gated_fusion\.attention\.4\.", "fusion.gate.3."),
    (r"^gated_fusion\.attention\.", "fusion.gate."),
    (r"^fusion_layer\.weight1$", "fusion.face_share"),
    (r"^fusion_layer\.weight2$", "fusion.voice_share"),
    (r"^logits_layer\.", "classifier."),
)


def ours(published: str) -> str:
    for pattern, name in RENAMED:
        published = re.sub(pattern, name, published)
    return published


def make(name: str, *, inputs: tuple[int, int], identities: int, **changes: Any) -> Method:
    """The method on plain features of (voices, faces) so wide, in double precision."""
    voice = PlainFeatures(modality="voice", inputs=inputs[0])
    face = PlainFeatures(modality="face", inputs=inputs[1])
    settings = ordered(tiny_params(), name).settings.model_copy(update=changes)
    return get_method(name)(voice, face, crowd=Crowd(identities), settings=settings).double()


def fill(method: nn.Module, state: Mapping[str, Tensor]) -> None:
    method.load_state_dict({ours(name): value for name, value in state.items()})


def pairs(voices: Any, faces: Any, y: Any) -> Batch:
    identity_B = torch.as_tensor(y)
    return Batch(Bag(torch.as_tensor(voices), identity_B), Bag(torch.as_tensor(faces), identity_B))


def published_steps(method: Method, batch: Batch, count: int) -> list[dict[str, float]]:
    """Terms of `count` steps of Adam on one batch, as the published training script takes them."""
    known = tiny_params().train_method.recipe.optimiser
    optimiser = known.model_copy(update={"learning_rate": 0.01, "weight_decay": 0.01})
    mover = make_mover([*method.parameters()], optimiser)
    method.train().requires_grad_()  # theirs learn the biases that batch norm subtracts
    found = []
    for step in range(count):
        for _, terms in method.turns(batch, step):
            losses = {name: loss_B.mean() for name, loss_B in terms.losses.items()}
            mover.zero_grad()
            torch.stack([*losses.values()]).sum().backward()
            mover.step(0.01)
            found.append({name: float(loss.detach()) for name, loss in losses.items()})
    return found


def expect(found: Tensor, expected: Any, rtol: float = 1e-9) -> None:
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=rtol, atol=rtol * scale)


def expect_norms(method: Method, arrays: Mapping[str, Any]) -> None:
    """Lengths of all parameters after the published steps."""
    parameters = dict(method.named_parameters())
    names = [ours(str(name)) for name in arrays["after_names"]]
    assert set(names) == set(parameters)
    for name, norm in zip(names, arrays["after_norms"], strict=True):
        np.testing.assert_allclose(parameters[name].detach().norm(), norm, rtol=1e-7, err_msg=name)
