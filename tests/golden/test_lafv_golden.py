from collections.abc import Callable
from typing import Any

import pytest
import torch

from vfal.losses.ratio_triplet import ratio_triplet

FILES = ["vfal_triplet_b10_distinct", "vfal_triplet_b12_pairs", "vfal_triplet_b5", "vfal_triplet_b8"]
EXACT: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-11}  # they add 1e-12 under the outer root as well


@pytest.mark.parametrize("file", FILES)
def test_the_ratio_triplet_and_its_gradients_equal_the_benchmark_repositorys(
    file: str, golden: Callable[[str], dict[str, Any]]
) -> None:
    arrays = golden(file)
    rows = {key: torch.from_numpy(arrays[key]).requires_grad_() for key in ("v", "f", "f_neg")}
    loss = ratio_triplet(*rows.values(), power=1).mean()
    loss.backward()
    torch.testing.assert_close(loss.detach(), torch.as_tensor(arrays["lafv_loss"]), **EXACT)
    for key, row in rows.items():
        torch.testing.assert_close(row.grad, torch.from_numpy(arrays[f"lafv_grad_{key}"]), **EXACT)


@pytest.mark.parametrize("file", FILES)
def test_the_papers_power_is_the_square_of_each_items_loss(
    file: str, golden: Callable[[str], dict[str, Any]]
) -> None:
    arrays = golden(file)
    rows = [torch.from_numpy(arrays[key]) for key in ("v", "f", "f_neg")]
    torch.testing.assert_close(ratio_triplet(*rows, power=2), ratio_triplet(*rows, power=1).square())
