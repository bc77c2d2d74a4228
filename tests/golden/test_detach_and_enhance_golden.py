from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from vfal.data.batches import Bag, Batch
from vfal.method import Crowd
from vfal.methods.detach_and_enhance import DetachAndEnhance
from vfal.nn.catalogue import make_encoder

from ..tiny_params import tiny_params

FILES = [("vfal_model_de_hq3_a", 4400), ("vfal_model_de_hq3_b", 5400)]
Load = Callable[[str], dict[str, Any]]
EXACT = {"rtol": 1e-9, "atol": 1e-12}


def ours(published: str) -> str:
    """Our name of a published entry of the state."""
    if published.startswith("id_classifier"):
        return published.removeprefix("id_")
    modality, kind, rest = published.split("_", 1)[0], published.split("_", 1)[1], ""
    kind, rest = kind.split(".", 1)
    room = {"encoder_common": "common", "encoder_private": "private", "decoder": "decoders"}[kind]
    return f"{room}.{modality}.{rest}"


@pytest.fixture(params=FILES, ids=[name for name, _ in FILES])
def case(
    request: pytest.FixtureRequest, golden: Load, state_by_formula: Callable[..., dict[str, Tensor]]
) -> tuple[DetachAndEnhance, dict[str, Any]]:
    name, base_seed = request.param
    arrays = golden(name)
    settings = tiny_params().methods.detach_and_enhance.model_copy(  # type: ignore[attr-defined]
        update={
            "feature_norm": 0.0,
            "dropout": 0.0,
            "code_norm": "none",
            "orthogonality_reduction": "sum",
        }
    )
    voice, face = (
        make_encoder("plain_features", modality, inputs=arrays[modality].shape[1])
        for modality in ("voice", "face")
    )
    method = DetachAndEnhance(voice, face, crowd=Crowd(30), settings=settings).double()
    state = state_by_formula(arrays, base_seed=base_seed, conv_gain=1.0)
    method.load_state_dict({ours(published): value for published, value in state.items()})
    return method.eval(), arrays


def terms(method: DetachAndEnhance, arrays: dict[str, Any]) -> dict[str, Tensor]:
    identity_B = torch.from_numpy(arrays["y"])
    bags = (Bag(torch.from_numpy(arrays[name]), identity_B) for name in ("voice", "face"))
    ((_, found),) = method.turns(Batch(*bags), 0)
    return {name: loss_B.mean() for name, loss_B in found.losses.items()}


def test_codes_equal_the_published_ones(case: tuple[DetachAndEnhance, dict[str, Any]]) -> None:
    method, arrays = case
    voices, faces = torch.from_numpy(arrays["voice"]), torch.from_numpy(arrays["face"])
    for found_BD, key in [
        (method.embed_voices(voices), "v_common"),
        (method.embed_faces(faces), "f_common"),
        (method.private["voice"](voices), "v_private"),
        (method.private["face"](faces), "f_private"),
    ]:
        torch.testing.assert_close(found_BD.detach(), torch.from_numpy(arrays[key]), **EXACT)


def test_every_term_equals_the_published_scalar(case: tuple[DetachAndEnhance, dict[str, Any]]) -> None:
    method, arrays = case
    found = terms(method, arrays)
    identity = found["identity_voice"] + found["identity_face"]
    total = torch.stack([*found.values()]).sum()
    for value, key in [
        (identity, "loss_id"),
        (found["reconstruction"], "loss_rec"),
        (found["instance"], "loss_instance"),
        (found["mutual"], "loss_mutual"),
        (found["and_or"], "loss_and_or"),
        (total, "loss"),
    ]:
        torch.testing.assert_close(value.detach(), torch.as_tensor(arrays[key]), **EXACT)


def test_gradients_have_the_published_norms(case: tuple[DetachAndEnhance, dict[str, Any]]) -> None:
    method, arrays = case
    torch.stack([*terms(method, arrays).values()]).sum().backward()
    parameters = dict(method.named_parameters())
    assert len(parameters) == len(arrays["param_names"])
    for published, norm in zip(arrays["param_names"], arrays["grad_norms"], strict=True):
        gradient = parameters[ours(str(published))].grad
        assert gradient is not None
        assert gradient.norm().item() == pytest.approx(float(norm), rel=1e-9), published
