from typing import Any

import pytest
import torch

from vfal.data.batches import Bag, Batch

from .small_models import losses_of, make

LEVELS = ["instance", "mutual", "and_or"]


def doubled(bag: Bag) -> Bag:
    return Bag(torch.cat([bag.inputs, bag.inputs]), torch.cat([bag.identity_B, bag.identity_B]))


def test_codes_are_never_negative(batch: Batch) -> None:
    method = make("detach_and_enhance").eval()
    assert method.embed_voices(batch.voices.inputs).min() >= 0
    assert method.embed_faces(batch.faces.inputs).min() >= 0


def test_only_shared_codes_are_compared(batch: Batch) -> None:
    method = make("detach_and_enhance").eval()
    before_BD = method.embed_voices(batch.voices.inputs)
    for parameter in [*method.private.parameters(), *method.decoders.parameters()]:
        torch.nn.init.zeros_(parameter)
    assert torch.equal(method.embed_voices(batch.voices.inputs), before_BD)


@pytest.mark.parametrize(("reduction", "growth"), [("mean", 1.0), ("sum", 2.0)])
def test_published_orthogonality_grows_with_the_batch_and_ours_does_not(
    reduction: str, growth: float, batch: Batch
) -> None:
    method = make("detach_and_enhance", orthogonality_reduction=reduction).eval()
    once = losses_of(method, batch)
    twice = losses_of(method, Batch(doubled(batch.voices), doubled(batch.faces)))
    for level in LEVELS:
        assert twice[level].mean().item() == pytest.approx(growth * once[level].mean().item(), rel=1e-5)


def test_a_face_is_given_back_from_its_private_code_and_either_shared_one(batch: Batch) -> None:
    method = make("detach_and_enhance", orthogonality=0.0).eval()
    inputs = {"voice": batch.voices.inputs, "face": batch.faces.inputs}
    inputs = {name: torch.nn.functional.normalize(values_BD) for name, values_BD in inputs.items()}
    expected_B = torch.zeros(6)
    for target in ("voice", "face"):
        for source in ("voice", "face"):
            code_BD = method.common[source](inputs[source]) + method.private[target](inputs[target])
            error_BD = method.decoders[target](code_BD) - inputs[target]
            expected_B = expected_B + error_BD.square().mean(1)
    torch.testing.assert_close(losses_of(method, batch)["reconstruction"], expected_B)


def test_the_ablation_keeps_identity_and_reconstruction(batch: Batch) -> None:
    found = losses_of(make("detach_and_enhance_without_orthogonality").train(), batch)
    assert {*found} == {"identity_voice", "identity_face", "reconstruction"}


def pushed_down(method: Any) -> Any:
    """The method with offsets of -10 before the ReLU of its shared codes."""
    for encoder in method.common.values():
        torch.nn.init.constant_(encoder[2].bias, -10.0)
    return method.train()


def test_a_normalised_code_has_no_unit_that_is_off_for_everybody(batch: Batch) -> None:
    published = pushed_down(make("detach_and_enhance", code_norm="none"))
    ours = pushed_down(make("detach_and_enhance", code_norm="batch"))
    assert published.embed_faces(batch.faces.inputs).max() == 0
    active_D = (ours.embed_faces(batch.faces.inputs) > 0).any(dim=0)
    assert active_D.all()


def test_dead_codes_leave_gradients_finite(batch: Batch) -> None:
    method = make("detach_and_enhance", code_norm="none").train()
    for parameter in method.common.parameters():
        torch.nn.init.constant_(parameter, -1.0)
    torch.stack([loss_B.mean() for loss_B in losses_of(method, batch).values()]).sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in method.parameters())
