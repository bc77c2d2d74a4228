from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vfal.losses.lifted_structure import lifted_structure
from vfal.training.optimisers import clip_gradients

EXACT: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-12}
Load = Callable[[str], dict[str, Any]]


def loss_of(items_ND: Tensor, identity_N: Tensor) -> Tensor:
    return lifted_structure(items_ND, identity_N, negative_margin=1.0, positive_margin=0.0).mean()


@pytest.mark.parametrize("file", ["vfal_pml_b8", "vfal_pml_b12"])
def test_the_loss_and_its_gradient_equal_the_metric_learning_librarys(file: str, golden: Load) -> None:
    arrays = golden(file)
    items_ND = torch.from_numpy(arrays["emb"]).requires_grad_()
    loss = loss_of(items_ND, torch.from_numpy(arrays["y"]))
    loss.backward()
    torch.testing.assert_close(loss.detach(), torch.as_tensor(arrays["lifted_loss"]), **EXACT)
    torch.testing.assert_close(items_ND.grad, torch.from_numpy(arrays["lifted_grad"]), **EXACT)


@pytest.mark.parametrize(
    "file", ["vfal_works_b12_c25", "vfal_works_b16_c40", "vfal_works_b6_c10_dup", "vfal_works_b8_c12"]
)
def test_a_step_and_its_clipped_gradients_equal_the_benchmark_repositorys(file: str, golden: Load) -> None:
    arrays = golden(file)
    voices_BD, faces_BD = (nn.Parameter(torch.from_numpy(arrays[key])) for key in ("v_emb", "f_emb"))
    loss = loss_of(torch.cat([voices_BD, faces_BD]), torch.from_numpy(arrays["y"]).repeat(2))
    loss.backward()
    torch.testing.assert_close(loss.detach(), torch.as_tensor(arrays["vfmr_loss"]), **EXACT)
    torch.testing.assert_close(voices_BD.grad, torch.from_numpy(arrays["vfmr_grad_v"]), **EXACT)
    torch.testing.assert_close(faces_BD.grad, torch.from_numpy(arrays["vfmr_grad_f"]), **EXACT)
    clip_gradients([voices_BD, faces_BD], 1.0)
    torch.testing.assert_close(voices_BD.grad, torch.from_numpy(arrays["vfmr_grad_v_clipped"]), **EXACT)
