from typing import Any

import pytest
import torch
from torch import Tensor

from vfal.data.batches import Batch
from vfal.method import Crowd

from ..small_models import features, losses_of, make

ORDERS = ["random", "vfvf", "fvfv", "hefhev", "hevhef"]


def items_of(method: Any, batch: Batch, step: int) -> list[tuple[str, int]]:
    """(modality, row) of every item that the branch is given in a step."""
    seen: list[Tensor] = []
    hook = method.stream.branch.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    losses_of(method, batch, step)
    hook.remove()
    assert batch.voices is not None and batch.faces is not None
    known = [("voice", batch.voices.inputs), ("face", batch.faces.inputs)]
    return [
        (modality, row)
        for item in seen[0]
        for modality, inputs in known
        for row, one in enumerate(inputs)
        if torch.equal(one, item)
    ]


def test_one_branch_cannot_tell_a_voice_from_a_face_with_the_same_features() -> None:
    method = make("sbnet").eval()
    assert torch.equal(method.embed_voices(features("x", 4)), method.embed_faces(features("x", 4)))


def test_features_of_two_widths_get_a_layer_each_before_the_branch() -> None:
    method = make("sbnet", inputs={"voice": 5, "face": 9}).eval()
    assert method.embed_voices(features("v", 3, 5)).shape == method.embed_faces(features("f", 3, 9)).shape
    assert {name for name, _ in method.named_parameters() if "entries" in name} == {
        f"stream.entries.{modality}.{part}" for modality in ("voice", "face") for part in ("weight", "bias")
    }


def test_the_random_stream_takes_one_item_of_each_row_as_many_voices_as_faces(batch: Batch) -> None:
    method = make("sbnet")
    torch.manual_seed(3)
    first = items_of(method, batch, 0)
    assert [row for _, row in first] == list(range(6))
    assert sorted(modality for modality, _ in first) == ["face"] * 3 + ["voice"] * 3
    assert any(items_of(method, batch, step) != first for step in range(1, 6))


@pytest.mark.parametrize(("order", "pair"), [("vfvf", ("voice", "face")), ("fvfv", ("face", "voice"))])
def test_paired_orders_put_partners_side_by_side(order: str, pair: tuple[str, str], batch: Batch) -> None:
    found = items_of(make("sbnet", item_order=order), batch, 0)
    assert found == [(modality, row) for row in range(6) for modality in pair]


def test_both_paired_orders_are_one_and_the_same_training(batch: Batch) -> None:
    one, two = (losses_of(make("sbnet", item_order=order), batch) for order in ("vfvf", "fvfv"))
    for name in one:
        torch.testing.assert_close(one[name], two[name])


@pytest.mark.parametrize(("order", "first"), [("hefhev", "face"), ("hevhef", "voice")])
def test_halves_of_a_pass_are_of_one_modality_each(order: str, first: str, batch: Batch) -> None:
    method = make("sbnet", item_order=order, crowd=Crowd(10, clips=12, faces=18))
    steps = []
    for step in range(10):
        (modality,) = {modality for modality, _ in items_of(method, batch, step)}
        steps.append(modality)
    faces, voices = ["face"] * 3, ["voice"] * 2  # 18 and 12 items, 6 a step
    assert steps == 2 * (faces + voices if first == "face" else voices + faces)


def test_after_half_a_pass_of_one_modality_batch_norm_knows_that_modality_alone(batch: Batch) -> None:
    def running_mean(word: str, voices_times: float) -> Tensor:
        method: Any = make("sbnet", item_order=word, crowd=Crowd(10, clips=6, faces=6)).train()
        assert batch.voices is not None
        voices = batch.voices.inputs * voices_times
        changed = Batch(type(batch.voices)(voices, batch.voices.identity_B), batch.faces)
        losses_of(method, changed, 0)
        mean: Tensor = method.stream.branch.layers[0][1].running_mean
        return mean

    assert torch.equal(running_mean("hefhev", 1.0), running_mean("hefhev", 9.0))
    assert not torch.equal(running_mean("vfvf", 1.0), running_mean("vfvf", 9.0))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("loss", ["orthogonal", "centre", "git"])
def test_every_order_and_loss_gives_one_loss_per_row(order: str, loss: str, batch: Batch) -> None:
    found = losses_of(make("sbnet", item_order=order, loss=loss), batch)
    wanted = {"orthogonal": {"orthogonal_projection"}, "centre": {"centre"}, "git": {"centre", "git"}}
    assert {*found} == {"identity"} | wanted[loss]
    assert all(loss_B.shape == (6,) and torch.isfinite(loss_B).all() for loss_B in found.values())


def test_a_partner_in_the_batch_is_what_the_projection_can_pull_at(batch: Batch) -> None:
    alone = make("sbnet", item_order="random", negative_weight=0.0)
    paired = make("sbnet", item_order="vfvf", negative_weight=0.0)
    assert losses_of(alone, batch)["orthogonal_projection"].tolist() == [1.0] * 6
    assert (losses_of(paired, batch)["orthogonal_projection"] < 1).any()


@pytest.mark.parametrize(("centre_on", "width"), [("embedding", 16), ("logits", 10)])
def test_centres_are_of_what_the_block_says_and_move_after_their_step(
    centre_on: str, width: int, batch: Batch
) -> None:
    method: Any = make("sbnet", loss="centre", centre_on=centre_on, item_order="vfvf").train()
    for _ in method.turns(batch, 0):
        assert method.centres.centres_ID.shape == (10, width)
        with torch.no_grad():
            method.centres.centres_ID += 1.0
        at_loss = method.centres.centres_ID.clone()
    moved_I = (method.centres.centres_ID != at_loss).any(dim=1)
    assert batch.voices is not None and batch.voices.identity_B is not None
    assert sorted(moved_I.nonzero()[:, 0].tolist()) == sorted(batch.voices.identity_B.tolist())


def test_without_a_loss_of_centres_there_are_none() -> None:
    assert not [name for name in make("sbnet").state_dict() if name.startswith("centres")]
