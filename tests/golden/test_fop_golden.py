from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vfal.losses.classification import cross_entropy
from vfal.losses.orthogonal_projection import orthogonal_projection
from vfal.method import Method
from vfal.nn.heads import SharedClassifier

from .published_branches import expect, expect_norms, fill, make, pairs, published_steps

Load = Callable[[str], dict[str, Any]]
Fill = Callable[..., dict[str, Tensor]]
Still = Callable[[nn.Module], nn.Module]

PROJECTIONS = ["b11", "b16_d128", "b32_pairs", "b4_onelabel", "b6_distinct", "b8_d16"]
TRAINED = [  # file, seed of its parameters, fusion, weight of the projection
    ("fop_model_gated_a", 30400, "gated", 1.0),
    ("fop_model_gated_b", 31800, "gated", 2.0),
    ("fop_model_linear_a", 30500, "linear", 1.0),
    ("fop_model_linear_b", 31900, "linear", 2.0),
    ("mav_model_gated_a", 30600, "gated", 1.0),
    ("mav_model_gated_b", 32000, "gated", 0.5),
    ("mav_model_linear_a", 30700, "linear", 1.0),
    ("mav_model_linear_b", 32100, "linear", 0.5),
]
WHOLE = [
    ("fop_model_full_gated_a", 6308, 309, "gated"),
    ("fop_model_full_gated_b", 6322, 323, "gated"),
    ("fop_model_full_linear_a", 6308, 309, "linear"),
    ("fop_model_full_linear_b", 6322, 323, "linear"),
]


def fused(method: Method, voices: Tensor, faces: Tensor) -> Tensor:
    vectors = method.voice_branch(method.voice(voices)), method.face_branch(method.face(faces))  # type: ignore[operator,union-attr]
    result: Tensor = method.fusion(*vectors)  # type: ignore[operator]
    return result


@pytest.mark.parametrize("name", PROJECTIONS)
def test_the_mean_of_all_shares_is_the_published_projection(name: str, golden: Load) -> None:
    arrays = golden(f"fop_opl_{name}")
    features_BD = torch.from_numpy(arrays["features"]).requires_grad_()
    identity_B = torch.from_numpy(arrays["y"])

    def projection(weight: float) -> Tensor:
        return orthogonal_projection(features_BD, identity_B, negative_weight=weight).mean()

    expect(1 - projection(0.0), arrays["pos_mean"])
    expect(projection(1.0) - projection(0.0), arrays["neg_mean"])
    loss = projection(0.7)
    expect(loss, arrays["loss"])
    loss.backward()
    assert features_BD.grad is not None
    expect(features_BD.grad, arrays["grad"])
    single = orthogonal_projection(features_BD.detach().float(), identity_B, negative_weight=0.7).mean()
    expect(single, arrays["loss_float32"], rtol=1e-5)


@pytest.mark.parametrize(("name", "seed", "fusion", "weight"), TRAINED)
def test_network_and_training_steps_equal_the_published_ones(
    name: str,
    seed: int,
    fusion: str,
    weight: float,
    golden: Load,
    state_by_formula: Fill,
    without_dropout: Still,
) -> None:
    arrays = golden(name)
    voices, faces = torch.from_numpy(arrays["voice"]), torch.from_numpy(arrays["face"])
    state = state_by_formula(arrays, base_seed=seed, conv_gain=1.0)
    if fusion == "linear":
        state |= {
            "fusion_layer.weight1": torch.tensor([0.3], dtype=torch.float64),
            "fusion_layer.weight2": torch.tensor([0.8], dtype=torch.float64),
        }
    width, identities = state["logits_layer.weight"].shape[::-1]
    method = make(
        "fop",
        inputs=(voices.shape[1], faces.shape[1]),
        identities=identities,
        width=width,
        fusion=fusion,
        projection_weight=weight,
    )
    fill(method, state)
    assert sum(parameter.numel() for parameter in method.parameters()) == arrays["n_params"]

    for mode in ("eval", "train"):
        with torch.no_grad():
            without_dropout(method).train(mode == "train")
            before = {key: value.clone() for key, value in method.state_dict().items()}
            fused_BD = fused(method, voices, faces)
            expect(fused_BD, arrays[f"{mode}_feats"])
            expect(method.classifier(fused_BD)[:, :40], arrays[f"{mode}_logits"])  # type: ignore[operator]
            expect(method.embed_faces(faces), arrays[f"{mode}_face_out"])
            expect(method.embed_voices(voices), arrays[f"{mode}_voice_out"])
            method.load_state_dict(before)

    found = published_steps(method, pairs(voices, faces, arrays["y"]), len(arrays["steps"]))
    for losses, (total, projection, identity, *_) in zip(found, arrays["steps"], strict=True):
        assert losses["identity"] == pytest.approx(identity, rel=1e-8)
        assert losses["orthogonal_projection"] == pytest.approx(weight * projection, rel=1e-8)
        assert sum(losses.values()) == pytest.approx(total, rel=1e-8)
    expect_norms(method, arrays)
    running = method.face_branch.layers[0][1].running_mean  # type: ignore[union-attr,index]
    expect(running, arrays["after_running_mean_face"], rtol=1e-7)


@pytest.mark.parametrize(("name", "seed", "face_seed", "fusion"), WHOLE)
def test_the_network_at_its_published_size_equals_the_published_one(
    name: str, seed: int, face_seed: int, fusion: str, golden: Load, state_by_formula: Fill
) -> None:
    arrays = golden(name)
    voices = torch.from_numpy(arrays["voice"])
    faces = torch.from_numpy(np.random.RandomState(face_seed).random_sample((len(voices), 4096)) - 0.5)
    np.testing.assert_allclose(faces[:, :8], arrays["face_first8"], rtol=1e-12)
    method = make("fop", inputs=(512, 4096), identities=901, fusion=fusion).eval()
    fill(method, state_by_formula(arrays, base_seed=seed, conv_gain=1.0))
    assert sum(parameter.numel() for parameter in method.parameters()) == arrays["n_params"]
    with torch.no_grad():
        fused_BD = fused(method, voices, faces)
        logits_BI = method.classifier(fused_BD)  # type: ignore[operator]
        expect(fused_BD, arrays["feats"])
        expect(method.embed_faces(faces), arrays["face_out"])
        expect(method.embed_voices(voices), arrays["voice_out"])
        expect(logits_BI[:, :64], arrays["logits"])
        expect(logits_BI.sum(dim=1), arrays["logits_sum"])


@pytest.mark.parametrize(("name", "seed"), [("vfal_model_fop_a", 4500), ("vfal_model_fop_b", 5500)])
def test_the_network_equals_that_of_the_benchmark_repository(
    name: str, seed: int, golden: Load, state_by_formula: Fill, without_dropout: Still
) -> None:
    arrays = golden(name)
    voices, faces = torch.from_numpy(arrays["voice"]), torch.from_numpy(arrays["face"])
    method = make("fop", inputs=(192, 512), identities=1)
    del method.classifier  # theirs stands outside
    fill(method, state_by_formula(arrays, base_seed=seed, conv_gain=1.0))
    assert sum(parameter.numel() for parameter in method.parameters()) == arrays["n_params"]
    method.eval()
    with torch.no_grad():
        expect(method.embed_voices(voices), arrays["voice_encoder"])
        expect(method.embed_faces(faces), arrays["face_encoder"])
        for prefix in ("", "train_"):
            without_dropout(method).train(prefix == "train_")
            expect(method.embed_voices(voices), arrays[f"{prefix}v_emb"])
            expect(method.embed_faces(faces), arrays[f"{prefix}f_emb"])
            expect(fused(method, voices, faces), arrays[f"{prefix}fused"])


@pytest.mark.parametrize("name", ["b12_c25", "b16_c40", "b6_c10_dup", "b8_c12"])
def test_losses_of_a_step_of_the_benchmark_repository_are_the_same_parts(name: str, golden: Load) -> None:
    arrays = golden(f"vfal_works_{name}")
    identity_B = torch.from_numpy(arrays["y"])
    width, identities = arrays["W_id"].shape
    classifier = SharedClassifier(width, identities).double()
    classifier.load_state_dict({"weight": torch.from_numpy(arrays["W_id"].T)})

    def step(vectors_BD: Tensor, identity_B: Tensor) -> Tensor:
        losses_B = cross_entropy(classifier(vectors_BD), identity_B)
        losses_B = losses_B + orthogonal_projection(vectors_BD, identity_B, negative_weight=0.7)
        return losses_B.mean()

    voices_BD = torch.from_numpy(arrays["v_emb"]).requires_grad_()
    stacked = step(torch.cat([voices_BD, torch.from_numpy(arrays["f_emb"])]), identity_B.repeat(2))
    stacked.backward()
    expect(stacked, arrays["fop_cat_loss"])
    assert voices_BD.grad is not None
    expect(voices_BD.grad, arrays["fop_cat_grad_v"])
    fused_BD = torch.from_numpy(arrays["fused_emb"]).requires_grad_()
    alone = step(fused_BD, identity_B)
    alone.backward()
    expect(alone, arrays["fop_fused_loss"])
    assert fused_BD.grad is not None
    expect(fused_BD.grad, arrays["fop_fused_grad_fused"])
