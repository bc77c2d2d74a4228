import math

import pytest
import torch
from torch.nn.functional import normalize

from vfal.core.errors import ConfigError
from vfal.data.batches import Batch
from vfal.losses.softmax_contrast import softmax_contrast
from vfal.method import Method

from ..tiny_params import tiny_params
from .small_models import losses_of, make

FACTOR = math.tanh(math.sqrt(0.05)) / math.sqrt(0.05)


def units(method: Method, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    return (
        normalize(method.voice_branch(batch.voices.inputs), dim=1),
        normalize(method.face_branch(batch.faces.inputs), dim=1),
    )


def test_alignment_in_the_ball_is_plain_infonce_at_a_slightly_higher_temperature(batch: Batch) -> None:
    method = make("paeff").eval()
    voices_BD, faces_BD = units(method, batch)
    sides = [
        softmax_contrast(
            one_BD,
            other_BD,
            offset=1.0,
            temperature=0.07 / FACTOR**2,
            normalise_anchors=False,
            normalise_candidates=False,
        )
        for one_BD, other_BD in ((voices_BD, faces_BD), (faces_BD, voices_BD))
    ]
    expected_B = 0.3 * 0.5 * (sides[0] + sides[1])
    torch.testing.assert_close(losses_of(method, batch)["alignment"], expected_B, rtol=1e-5, atol=1e-6)


def test_the_metric_of_the_ball_lets_a_quarter_of_the_alignment_gradient_through(batch: Batch) -> None:
    gradients = []
    for riemannian in (False, True):
        method = make("paeff", riemannian=riemannian).eval()
        losses_of(method, batch)["alignment"].mean().backward()
        gradients.append(method.voice_branch[0].weight.grad)
    metric = (1 - 0.05 * FACTOR**2) ** 2 / 4
    assert metric == pytest.approx(0.2264, abs=1e-4)
    torch.testing.assert_close(gradients[1], metric * gradients[0], rtol=1e-4, atol=1e-8)


def test_fused_embeddings_are_classified_and_pushed_apart(batch: Batch) -> None:
    found = losses_of(make("paeff").eval(), batch)
    assert {*found} == {"identity", "orthogonality", "alignment"}
    assert (found["orthogonality"] >= 0.35).all()  # nobody comes twice, so 1 - S is 1


def test_what_is_compared_is_the_gelu_of_unit_vectors(batch: Batch) -> None:
    method = make("paeff").eval()
    voices_BD, _ = units(method, batch)
    torch.testing.assert_close(method.embed_voices(batch.voices.inputs), torch.nn.functional.gelu(voices_BD))
    faces_BD = method.embed_faces(batch.faces.inputs)
    scores = method.score(faces_BD, faces_BD)
    assert (scores.argmax(1) == torch.arange(6)).all() and scores.max() <= 0  # minus distances


def test_a_gate_without_a_middle_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"fusion_kernel.*found 4, expected an odd number"):
        tiny_params(methods__paeff__fusion_kernel=4)
