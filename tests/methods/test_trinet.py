from typing import Any

import pytest
import torch
from torch import Tensor

from vfal.data.batches import Batch

from .small_models import batch_of, losses_of, make, media

INPUTS = {"voice": 6, "face": 7}
IDENTITY_B = torch.tensor([3, 3, 0, 0, 5, 5])


def made(**changes: Any) -> Any:
    return make("trinet", inputs=INPUTS, widths={"voice": 12, "face": 10}, **changes)


def batch(identity_B: Tensor = IDENTITY_B) -> Batch:
    return batch_of(identity_B.tolist(), inputs=INPUTS)


def loss(method: Any, given: Batch) -> Tensor:
    return losses_of(method, given)["triplets"]


def step(method: Any, given: Batch) -> None:
    method.train()
    optimiser = torch.optim.SGD([one for one in method.parameters() if one.requires_grad], lr=0.1)
    loss(method, given).mean().backward()
    optimiser.step()


def test_embeddings_lie_on_the_sphere_of_the_papers_radius() -> None:
    method = made().eval()
    for embed, inputs in ((method.embed_voices, 6), (method.embed_faces, 7)):
        torch.testing.assert_close(embed(torch.randn(9, inputs)).norm(dim=1), torch.full((9,), 128.0))


def test_without_the_sphere_the_layers_outputs_are_the_embeddings() -> None:
    method, voices = made(normalise=False).eval(), torch.randn(9, 6)
    torch.testing.assert_close(method.embed_voices(voices), method.voice_head(voices))


def test_every_voice_carries_the_mean_over_its_own_triplets() -> None:
    method, given = made(reduction="mean_all"), batch()
    assert given.voices is not None and given.faces is not None
    with torch.no_grad():
        distances_BB = torch.cdist(
            method.embed_voices(given.voices.inputs), method.embed_faces(given.faces.inputs)
        )
    for voice, found in enumerate(loss(method, given).tolist()):
        own = [
            max(0.0, float(distances_BB[voice, p] - distances_BB[voice, n]) + 1.0)
            for p in range(6)
            for n in range(6)
            if IDENTITY_B[p] == IDENTITY_B[voice] != IDENTITY_B[n]
        ]
        assert len(own) == 2 * 4  # two faces of the speaker, and two of each of two others
        assert found == pytest.approx(sum(own) / len(own), rel=1e-5)


def test_the_anchor_is_always_the_voice() -> None:
    """The second voice is nearer to the first face; the second face is nearer to its own voice."""
    method, given = made(margin=0.0), batch(torch.tensor([3, 0]))
    method.embed_voices = lambda voices: torch.tensor([[1.0, 0.0], [1.0, 0.1]])  # type: ignore[method-assign]
    method.embed_faces = lambda faces: torch.tensor([[1.0, 0.0], [1.0, 0.5]])  # type: ignore[method-assign]
    assert loss(method, given).tolist() == pytest.approx([0.0, 0.3])  # face anchors would cost nothing


def test_a_margin_of_1_is_small_on_that_sphere() -> None:
    """Two faces 0.9 degrees apart as seen by a voice are told apart by more than the margin."""
    chord = 2 * 128 * torch.sin(torch.deg2rad(torch.tensor(0.9)) / 2)
    assert 1.0 < chord < 2.1


@pytest.mark.parametrize("reduction", ["sum", "mean_active"])
def test_reductions_differ_by_a_factor_alone(reduction: str) -> None:
    mean_B = loss(made(reduction="mean_all"), batch())
    factor_B = loss(made(reduction=reduction), batch()) / mean_B
    torch.testing.assert_close(factor_B, factor_B[:1].expand(6))


def test_a_frozen_voice_network_has_neither_gradient_nor_drifting_statistics() -> None:
    method = made(raw=True)
    before = {name: value.clone() for name, value in method.state_dict().items()}
    step(method, media())
    moved = {name for name, value in method.state_dict().items() if not torch.equal(value, before[name])}
    assert not any(name.startswith("voice.") for name in moved)
    assert any(name.startswith("face.") and "running_mean" in name for name in moved)
    assert {"voice_head.weight", "face_head.weight", "face.output.weight"} <= moved
    assert not method.voice.training and method.face.training


@pytest.mark.parametrize(("switch", "held"), [("freeze_voice_head", "voice_head."), ("freeze_face", "face.")])
def test_the_papers_ablations_hold_other_parts(switch: str, held: str) -> None:
    method = made(raw=True, freeze_voice=False, **{switch: True})
    before = {name: value.clone() for name, value in method.state_dict().items()}
    step(method, media())
    still = {name for name, value in method.state_dict().items() if torch.equal(value, before[name])}
    assert all(name in still for name in before if name.startswith(held))
    assert "voice.output.weight" not in still


def test_networks_learn_a_thousand_times_slower_than_the_layers_on_them() -> None:
    method = made(raw=True, freeze_voice=False)
    for name, _ in method.named_parameters():
        factors = [factor for start, factor in method.rate_factors().items() if name.startswith(start)]
        assert factors == ([] if "_head" in name else [0.001])


def test_orders_on_the_sphere_are_those_of_the_cosine() -> None:
    method = made().eval()
    voices_ND, faces_MD = method.embed_voices(torch.randn(5, 6)), method.embed_faces(torch.randn(8, 7))
    cosine_NM = (voices_ND @ faces_MD.T) / 128**2
    assert torch.equal(method.score(voices_ND, faces_MD).argsort(1), cosine_NM.argsort(1))
