from collections.abc import Callable
from typing import Any

import pytest
import torch

from vfal.losses.hardest_negative import hardest_negative_ranking

EXACT: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-12}


@pytest.mark.parametrize(
    "file", ["vfal_triplet_b10_distinct", "vfal_triplet_b12_pairs", "vfal_triplet_b5", "vfal_triplet_b8"]
)
def test_the_voice_anchored_ranking_and_its_gradients_equal_the_benchmark_repositorys(
    file: str, golden: Callable[[str], dict[str, Any]]
) -> None:
    arrays = golden(file)
    v_BD, f_BD = (torch.from_numpy(arrays[key]).requires_grad_() for key in ("v", "f"))
    loss = hardest_negative_ranking(
        v_BD,
        f_BD,
        torch.from_numpy(arrays["y"]),
        margin=0.6,
        separation_margin=0.2,
        separation_weight=0.0,  # commented out there
    ).mean()
    loss.backward()
    torch.testing.assert_close(loss.detach(), torch.as_tensor(arrays["hq1_loss"]), **EXACT)
    torch.testing.assert_close(v_BD.grad, torch.from_numpy(arrays["hq1_grad_v"]), **EXACT)
    torch.testing.assert_close(f_BD.grad, torch.from_numpy(arrays["hq1_grad_f"]), **EXACT)
