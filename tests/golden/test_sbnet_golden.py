from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vfal.losses.classification import cross_entropy
from vfal.losses.git import centre_pull, git_push
from vfal.losses.moving_centres import MovingCentres, Update
from vfal.method import Method

from .published_branches import expect, expect_norms, fill, make, pairs, published_steps

Load = Callable[[str], dict[str, Any]]
Fill = Callable[..., dict[str, Tensor]]
Still = Callable[[nn.Module], nn.Module]

LOSSES = ["b10_dup", "b16_distinct", "b5", "b8"]
TF_MODELS = [("cent_a", 6030), ("cent_b", 6060), ("git_a", 6030), ("git_b", 6060)]


@pytest.mark.parametrize(("name", "seed"), [("sbnet_fop_a", 30900), ("sbnet_fop_b", 31000)])
def test_network_and_training_steps_equal_the_published_ones(
    name: str, seed: int, golden: Load, state_by_formula: Fill, without_dropout: Still
) -> None:
    arrays = golden(name)
    items = torch.from_numpy(arrays["x"])
    state = state_by_formula(arrays, base_seed=seed, conv_gain=1.0)
    width, identities = state["logits_layer.weight"].shape[::-1]
    # A batch of faces alone is a mixed one as far as a single branch can tell.
    method = make(
        "sbnet",
        inputs=(items.shape[1], items.shape[1]),
        identities=identities,
        width=width,
        item_order="hefhev",
        loss="orthogonal",
        loss_weight=1.0,
    )
    fill(method, state)
    assert sum(parameter.numel() for parameter in method.parameters()) == arrays["n_params"]
    method.eval()
    with torch.no_grad():
        expect(method.embed_faces(items), arrays["eval_feats"])
        expect(method.embed_voices(items), arrays["eval_feats"])
        expect(method.classifier(method.embed_faces(items))[:, :40], arrays["eval_logits"])  # type: ignore[operator]
        without_dropout(method).train()
        expect(method.embed_faces(items), arrays["train_feats"])
    fill(method, state)
    found = published_steps(method, pairs(items, items, arrays["y"]), len(arrays["steps"]))
    for losses, (total, projection, identity, *_) in zip(found, arrays["steps"], strict=True):
        assert losses["identity"] == pytest.approx(identity, rel=1e-8)
        assert losses["orthogonal_projection"] == pytest.approx(projection, rel=1e-8)
        assert sum(losses.values()) == pytest.approx(total, rel=1e-8)
    expect_norms(method, arrays)


def moved(arrays: dict[str, Any], update: Update, rate: float) -> Tensor:
    centres_ID = torch.from_numpy(arrays["centers"]).double()
    centres = MovingCentres(*centres_ID.shape, update=update, rate=rate).double()
    centres.centres_ID.copy_(centres_ID)
    centres.move(torch.from_numpy(arrays["features"]), torch.from_numpy(arrays["y"]))
    return centres.centres_ID


@pytest.mark.parametrize("name", LOSSES)
def test_centre_and_git_loss_equal_the_published_ones(name: str, golden: Load) -> None:
    arrays = golden(f"sbnet_tf_losses_{name}")
    identity_B = torch.from_numpy(arrays["y"])
    centres_BD = torch.from_numpy(arrays["centers"]).double()[identity_B]
    features_BD = torch.from_numpy(arrays["features"]).double().requires_grad_()
    pull = centre_pull(features_BD, centres_BD, distance="coordinate").mean()
    push = git_push(features_BD, centres_BD, distance="coordinate").mean()
    expect(pull, arrays["hand_git_center_term"])
    expect(push, arrays["hand_git_git_term"])
    expect(pull, arrays["cent_loss"])
    expect(pull + push, arrays["git_loss"])
    expect(pull, arrays["cent_loss_tf"], rtol=1e-5)
    expect(pull + push, arrays["git_loss_tf"], rtol=1e-5)
    for loss, key in ((pull, "cent_grad"), (pull + push, "git_grad")):
        (gradient_BD,) = torch.autograd.grad(loss, features_BD, retain_graph=True)
        expect(gradient_BD, arrays[key])


@pytest.mark.parametrize("name", LOSSES)
def test_centres_move_as_the_published_operations_would_move_them(name: str, golden: Load) -> None:
    arrays = golden(f"sbnet_tf_losses_{name}")
    expect(moved(arrays, "per_item", 0.7), arrays["cent_centers_after_update_op"], rtol=1e-5)
    expect(moved(arrays, "damped", 0.5), arrays["git_centers_after_update_op"], rtol=1e-5)


def tf_state(seed: int, inputs: int, centres: int) -> dict[str, Tensor]:
    """Weights of the TensorFlow network by the formula of the golden files' README."""

    def uniform(place: int, *shape: int) -> Any:
        return np.random.RandomState(seed + place).random_sample(shape)

    def matrix(place: int, *shape: int) -> Tensor:
        return torch.from_numpy(((2 * uniform(place, *shape) - 1) * np.sqrt(3 / shape[1])).astype(np.float32))

    def vector(place: int, *shape: int) -> Tensor:
        return torch.from_numpy((0.2 * uniform(place, *shape) - 0.1).astype(np.float32))

    state = {"classifier.weight": matrix(4, 901, 128), "classifier.bias": vector(5, 901)}
    for layer, size in enumerate((inputs, 128)):
        start = f"stream.branch.layers.{layer}"
        state |= {
            f"{start}.0.weight": matrix(2 * layer, 128, size),
            f"{start}.0.bias": vector(2 * layer + 1, 128),
        }
    return state | {"centres.centres_ID": vector(6, 901, centres), "centres.seen_I": torch.ones(901).bool()}


@pytest.mark.parametrize(("name", "seed"), TF_MODELS)
def test_the_model_with_centres_equals_the_published_one(
    name: str, seed: int, golden: Load, without_dropout: Still
) -> None:
    arrays, loss = golden(f"sbnet_tf_model_{name}"), name.partition("_")[0]
    items = torch.from_numpy(arrays["x"]).double().requires_grad_()
    centre_on = "logits" if loss == "cent" else "embedding"
    method = make(
        "sbnet",
        inputs=(items.shape[1], items.shape[1]),
        identities=901,
        item_order="hevhef",
        loss="centre" if loss == "cent" else "git",
        loss_weight=1.0,
        centre_on=centre_on,
        distance="coordinate",
    )
    state = tf_state(seed, items.shape[1], 901 if centre_on == "logits" else 128)
    missing = method.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys
    assert all(".1." in key for key in missing.missing_keys)  # batch norms start as ours do
    without_dropout(method).train()
    with torch.no_grad():
        found_BD = method.embed_voices(items)
    expect(found_BD, arrays["embeds"])
    expect(found_BD, arrays["embeds_tf"], rtol=1e-4)

    identity_B = torch.from_numpy(arrays["y"])
    losses = published_losses(method, items, arrays["y"])
    expect(losses["identity"], arrays["ce"])
    total = sum(losses.values(), start=torch.zeros(()))
    expect(total - losses["identity"], arrays["extra"], rtol=1e-8)
    expect(total, arrays["total"])
    expect(total, arrays["total_tf"], rtol=1e-5)
    (gradient,) = torch.autograd.grad(total, items)
    expect(gradient, arrays["grad_x_tf"], rtol=1e-4)
    again = cross_entropy(method.classifier(method.embed_voices(items)), identity_B).mean()  # type: ignore[operator]
    expect(again, arrays["ce"])


def published_losses(method: Method, items: Tensor, y: Any) -> dict[str, Tensor]:
    (_, terms) = next(iter(method.turns(pairs(items, items, y), 0)))
    return {name: loss_B.mean() for name, loss_B in terms.losses.items()}
