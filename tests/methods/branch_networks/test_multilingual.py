from typing import Any

import torch

from vfal.data.batches import Batch

from ..small_models import features, losses_of, make


def test_the_weighted_sum_of_both_branches_is_what_is_classified(batch: Batch) -> None:
    method: Any = make("multilingual").eval()
    assert batch.voices is not None and batch.faces is not None
    sum_BD = method.fusion.voice_share * method.embed_voices(
        batch.voices.inputs
    ) + method.fusion.face_share * method.embed_faces(batch.faces.inputs)
    wanted = torch.nn.functional.cross_entropy(
        method.classifier(sum_BD), batch.voices.identity_B, reduction="none"
    )
    torch.testing.assert_close(losses_of(method, batch)["identity"], wanted)


def test_the_centres_are_of_the_weighted_sums_and_begin_on_them(batch: Batch) -> None:
    method: Any = make("multilingual").train()
    found = losses_of(method, batch)
    assert found["centre"].max() < 1e-9  # nobody comes twice: each is its own first centre
    method.centres.centres_ID += 0.1
    assert torch.allclose(
        losses_of(method, batch)["centre"],
        torch.full((6,), method.settings.loss_weight * 16 * 0.01 / 2),
        rtol=1e-4,
    )


def test_the_git_loss_adds_a_push_from_others_centres(batch: Batch) -> None:
    assert {*losses_of(make("multilingual"), batch)} == {"identity", "centre"}
    found = losses_of(make("multilingual", loss="git", loss_weight=1.0).train(), batch)
    assert {*found} == {"identity", "centre", "git"}
    assert (found["git"] > 1 / 6).all() and (found["git"] < 1).all()


def test_the_sum_is_a_device_of_training_which_scores_do_not_see() -> None:
    method: Any = make("multilingual").eval()
    before = method.embed_voices(features("v", 5)).clone()
    assert torch.allclose(before.norm(dim=1), torch.ones(5), atol=1e-5) and (before >= 0).all()
    with torch.no_grad():
        method.fusion.voice_share.mul_(7)
    assert torch.equal(method.embed_voices(features("v", 5)), before)


def test_centres_move_towards_the_sums_after_the_step(batch: Batch) -> None:
    method: Any = make("multilingual").train()
    assert batch.voices is not None
    for _ in method.turns(batch, 0):
        own_BD = method.centres.of(batch.voices.identity_B).clone()
        method.centres.centres_ID.zero_()
    torch.testing.assert_close(method.centres.of(batch.voices.identity_B), 0.5 * own_BD / 2)
