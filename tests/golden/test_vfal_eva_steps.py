"""The benchmark repository: its common trunk and classifier, and steps of methods that are here already."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vfal.losses.classification import cross_entropy
from vfal.losses.reduction import weighted_mean
from vfal.losses.softmax_contrast import softmax_contrast, two_sided_explicit_loss
from vfal.nn.feature_mlp import FeatureMLP
from vfal.nn.heads import SharedClassifier
from vfal.nn.tails import EmbeddingTails

EXACT: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-12}
Load = Callable[[str], dict[str, Any]]
STEPS = ["vfal_works_b12_c25", "vfal_works_b16_c40", "vfal_works_b6_c10_dup", "vfal_works_b8_c12"]
# Of each modality's layers there, in order: ours.
LAYERS = {"1": "layers.1", "3.0": "tails.{}.0", "3.2": "tails.{}.2"}


class Trunk(nn.Module):
    """Both encoders and the tails on them, as a method of the shelf puts them together."""

    def __init__(self, voices: int, faces: int, *, shared: bool) -> None:
        super().__init__()
        self.voice = FeatureMLP(modality="voice", inputs=voices, width=256, dropout=0.5)
        self.face = FeatureMLP(modality="face", inputs=faces, width=256, dropout=0.5)
        self.tails = EmbeddingTails(self.voice, self.face, width=128, shared=shared)


def names(shared: bool) -> dict[str, str]:
    """Our name of each published one."""
    found = {}
    for modality, place in (("voice", 0), ("face", 0 if shared else 1)):
        for theirs, ours in LAYERS.items():
            room = modality if ours.startswith("layers") else "tails"
            for kind in ("weight", "bias"):
                found[f"{modality}_encoder.{theirs}.{kind}"] = f"{room}.{ours.format(place)}.{kind}"
    return found


@pytest.mark.parametrize(
    ("kind", "seed"), [("shared_a", 4000), ("shared_b", 5000), ("separate_a", 4100), ("separate_b", 5100)]
)
def test_outputs_and_gradients_of_the_trunk_equal_the_published_ones(
    kind: str, seed: int, golden: Load, state_by_formula: Callable[..., dict[str, Tensor]]
) -> None:
    arrays = golden(f"vfal_model_encoder_{kind}")
    ours = names(shared := kind.startswith("shared"))
    trunk = Trunk(arrays["voice"].shape[1], arrays["face"].shape[1], shared=shared).double().eval()
    state = state_by_formula(arrays, base_seed=seed, conv_gain=1.0)
    trunk.load_state_dict({ours[name]: value for name, value in state.items()})
    assert sum(parameter.numel() for parameter in trunk.parameters()) == arrays["n_params"]
    voices_BD = trunk.tails(trunk.voice(torch.from_numpy(arrays["voice"])), "voice")
    faces_BD = trunk.tails(trunk.face(torch.from_numpy(arrays["face"])), "face")
    torch.testing.assert_close(voices_BD.detach(), torch.from_numpy(arrays["v_emb"]), **EXACT)
    torch.testing.assert_close(faces_BD.detach(), torch.from_numpy(arrays["f_emb"]), **EXACT)
    (voices_BD.sum() + faces_BD.square().sum()).backward()
    parameters = dict(trunk.named_parameters())
    norms = [parameters[ours[str(name)]].grad.norm().item() for name in arrays["param_names"]]
    assert norms == pytest.approx(arrays["grad_norms"].tolist(), rel=1e-9)


@pytest.mark.parametrize("file", ["vfal_softmax_b10", "vfal_softmax_b6_c30"])
def test_the_shared_classifiers_loss_and_gradients_equal_the_benchmark_repositorys(
    file: str, golden: Load
) -> None:
    arrays = golden(file)
    width, identities = arrays["W"].shape
    classifier = SharedClassifier(width, identities).double()
    classifier.load_state_dict({"weight": torch.from_numpy(arrays["W"]).T})
    items_BD = torch.from_numpy(arrays["emb"]).requires_grad_()
    loss_B = cross_entropy(classifier(items_BD), torch.from_numpy(arrays["y"]))
    loss_B.mean().backward()
    torch.testing.assert_close(loss_B.detach(), torch.from_numpy(arrays["loss_none"]), **EXACT)
    torch.testing.assert_close(loss_B.mean().detach(), torch.as_tensor(arrays["loss_mean"]), **EXACT)
    torch.testing.assert_close(items_BD.grad, torch.from_numpy(arrays["grad_emb"]), **EXACT)
    torch.testing.assert_close(classifier.weight.grad, torch.from_numpy(arrays["grad_W"]).T, **EXACT)


@pytest.mark.parametrize("file", STEPS)
def test_the_face_anchored_n_pair_step_equals_the_benchmark_repositorys(file: str, golden: Load) -> None:
    arrays = golden(file)
    voices_BD, faces_BD = (torch.from_numpy(arrays[key]).requires_grad_() for key in ("v_emb", "f_emb"))
    loss = softmax_contrast(
        faces_BD, voices_BD, offset=1.0, temperature=1.0, normalise_anchors=True, normalise_candidates=True
    ).mean()
    loss.backward()
    torch.testing.assert_close(loss.detach(), torch.as_tensor(arrays["fvcme_loss"]), **EXACT)
    torch.testing.assert_close(voices_BD.grad, torch.from_numpy(arrays["fvcme_grad_v"]), **EXACT)
    torch.testing.assert_close(faces_BD.grad, torch.from_numpy(arrays["fvcme_grad_f"]), **EXACT)


@pytest.mark.parametrize("file", STEPS)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_step_with_identity_weights_equals_the_benchmark_repositorys(
    file: str, weighted: bool, golden: Load
) -> None:
    arrays = golden(file)
    voices_BD, faces_BD = (torch.from_numpy(arrays[key]).requires_grad_() for key in ("v_emb", "f_emb"))
    identity_B, classes_DI = torch.from_numpy(arrays["y"]), torch.from_numpy(arrays["W_id"])
    weight_I = torch.from_numpy(arrays["wen_id_weights"])
    weight_B = weight_I[identity_B] if weighted else torch.ones(len(identity_B)).double()
    hardness_B = cross_entropy(voices_BD @ classes_DI, identity_B)
    hardness_B = hardness_B + cross_entropy(faces_BD @ classes_DI, identity_B)
    explicit_B = two_sided_explicit_loss(voices_BD, faces_BD, offset=5.4)
    loss = weighted_mean(hardness_B, weight_B) + weighted_mean(explicit_B, weight_B)
    loss.backward()
    name = "wen_weighted" if weighted else "wen"
    torch.testing.assert_close(hardness_B.detach(), torch.from_numpy(arrays["wen_loss_list"]), **EXACT)
    torch.testing.assert_close(loss.detach(), torch.as_tensor(arrays[f"{name}_loss"]), **EXACT)
    torch.testing.assert_close(voices_BD.grad, torch.from_numpy(arrays[f"{name}_grad_v"]), **EXACT)
