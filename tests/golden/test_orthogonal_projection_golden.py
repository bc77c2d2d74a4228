from collections.abc import Callable
from typing import Any

import pytest
import torch

from vfal.losses.orthogonal_projection import orthogonal_projection

FILES = ["b11", "b16_d128", "b32_pairs", "b4_onelabel", "b6_distinct", "b8_d16"]
Load = Callable[[str], dict[str, Any]]


@pytest.mark.parametrize("name", FILES)
def test_the_mean_of_the_shares_equals_the_published_loss(name: str, golden: Load) -> None:
    arrays = golden(f"fop_opl_{name}")
    features_BD, y_B = torch.from_numpy(arrays["features"]).requires_grad_(), torch.from_numpy(arrays["y"])
    loss = orthogonal_projection(features_BD, y_B, negative_weight=0.7).mean()
    loss.backward()
    assert loss.item() == pytest.approx(float(arrays["loss"]), rel=1e-9)
    torch.testing.assert_close(features_BD.grad, torch.from_numpy(arrays["grad"]), rtol=1e-9, atol=1e-12)
    single = orthogonal_projection(features_BD.detach().float(), y_B, negative_weight=0.7).mean()
    assert single.item() == pytest.approx(float(arrays["loss_float32"]), rel=1e-5)
