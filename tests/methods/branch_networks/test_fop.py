from typing import Any

import pytest
import torch
from torch.nn.functional import normalize

from vfal.data.batches import Batch

from ..small_models import features, losses_of, make, unmoved_by_media


@pytest.mark.parametrize("fusion", ["gated", "linear"])
def test_fused_vectors_are_never_at_an_obtuse_angle_so_the_absolute_value_is_idle(fusion: str) -> None:
    method: Any = make("fop", fusion=fusion).eval()
    voices_BD, faces_BD = method.voice_branch(features("v", 30)), method.face_branch(features("f", 30))
    fused_BD = normalize(method.fusion(voices_BD, faces_BD))
    assert (fused_BD >= 0).all() and (fused_BD @ fused_BD.T >= 0).all()


def test_the_gate_puts_each_coordinate_between_the_face_and_the_voice() -> None:
    method: Any = make("fop").eval()
    voices, faces = features("v", 30), features("f", 30)
    ends = torch.stack([method.embed_voices(voices), method.embed_faces(faces)])
    fused_BD = method.fusion(method.voice_branch(voices), method.face_branch(faces))
    assert (fused_BD >= ends.amin(0) - 1e-6).all() and (fused_BD <= ends.amax(0) + 1e-6).all()


def test_fusion_is_a_device_of_training_which_scores_do_not_see() -> None:
    method: Any = make("fop").eval()
    before = method.score(method.embed_voices(features("v", 5)), method.embed_faces(features("f", 5)))
    with torch.no_grad():
        for parameter in method.fusion.parameters():
            parameter.mul_(3)
    after = method.score(method.embed_voices(features("v", 5)), method.embed_faces(features("f", 5)))
    assert torch.equal(before, after)


def test_gated_embeddings_are_the_tanh_of_unit_vectors_and_linear_ones_unit_vectors() -> None:
    voices = features("v", 5)
    gated_BD = make("fop").eval().embed_voices(voices)
    assert torch.allclose(gated_BD.atanh().norm(dim=1), torch.ones(5), atol=1e-5)
    linear_BD = make("fop", fusion="linear").eval().embed_voices(voices)
    assert torch.allclose(linear_BD.norm(dim=1), torch.ones(5), atol=1e-5)


def test_scores_rank_as_the_published_squared_distance_does() -> None:
    method = make("fop").eval()
    voices_ND, faces_MD = method.embed_voices(features("v", 8)), method.embed_faces(features("f", 9))
    squared_NM = (voices_ND[:, None] - faces_MD[None]).square().sum(dim=2)
    scores_NM = method.score(voices_ND, faces_MD)
    assert torch.equal(scores_NM.argsort(dim=1, descending=True), squared_NM.argsort(dim=1))


def test_the_projection_weighs_as_much_as_alpha_says(batch: Batch) -> None:
    one, half = (
        losses_of(make("fop", projection_weight=alpha), batch)["orthogonal_projection"]
        for alpha in (1.0, 0.5)
    )
    torch.testing.assert_close(half, one / 2)
    assert losses_of(make("fop", projection_weight=0.0), batch)["orthogonal_projection"].abs().max() == 0


def test_classifier_and_projection_see_the_fused_vector_alone(batch: Batch) -> None:
    method: Any = make("fop")
    assert {*losses_of(method, batch)} == {"identity", "orthogonal_projection"}
    assert all(loss_B.shape == (6,) for loss_B in losses_of(method, batch).values())
    with torch.no_grad():
        last = method.fusion.gate[3]
        last.weight.zero_()
        last.bias.fill_(50.0)  # the gate lets through faces only
    assert batch.voices is not None
    before = losses_of(method.eval(), batch)["identity"]
    batch.voices.inputs.neg_()
    assert torch.equal(losses_of(method, batch)["identity"], before)


def test_biases_that_batch_norm_subtracts_are_held(batch: Batch) -> None:
    method: Any = make("fop").train()
    held = [name for name, parameter in method.named_parameters() if not parameter.requires_grad]
    assert held == ["voice_branch.layers.0.0.bias", "face_branch.layers.0.0.bias", "fusion.gate.0.bias"]
    before = losses_of(method, batch)["identity"]
    with torch.no_grad():
        for name in held:
            method.get_parameter(name).add_(3.0)
    torch.testing.assert_close(losses_of(method, batch)["identity"], before)


@pytest.mark.parametrize("name", ["fop", "multilingual", "sbnet", "ssnet"])
def test_raw_encoders_learn_from_a_step(name: str) -> None:
    assert unmoved_by_media(name) == []
