from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from vfal.training.identity_weights import IdentityWeights

FILES = [
    "ssos_center_c50_float64",
    "ssos_center_c64_float64",
    "ssos_center_c50_float32",
    "ssos_center_c50b_float32",
    "ssos_center_c100_float32",
    "ssos_center_c924_float32",
]
UPDATE = 1
Load = Callable[[str], dict[str, Any]]


def official(identities: int) -> IdentityWeights:
    return IdentityWeights(
        identities,
        hardness_initial=14.0,
        hardness_ema=0.9,
        initial_ratio=0.5,
        growth_ratio=0.024,
        decay=0.99,
        keep_ratio=0.9,
    )


@pytest.mark.parametrize("name", FILES)
def test_a_published_sequence_of_steps_and_updates_is_reproduced(name: str, golden: Load) -> None:
    arrays = golden(name)
    double = name.endswith("float64")
    weights = official(arrays["weight"].shape[1])
    for step, operation in enumerate(arrays["op"]):
        if operation == UPDATE:
            weights.update()
        else:
            weights.observe(
                torch.from_numpy(arrays["y"][step]).long(), torch.from_numpy(arrays["loss"][step])
            )
        found = weights.weights_I.numpy()
        np.testing.assert_array_equal(found > 0, arrays["weight"][step] > 0)
        np.testing.assert_allclose(found, arrays["weight"][step], rtol=1e-12 if double else 1e-6)
        assert arrays["ratio"][step] == (weights.kept_ratio if weights.updates else -1)
        if double:
            np.testing.assert_allclose(weights.hardness_I.numpy(), arrays["loss_mean"][step], rtol=1e-9)
        else:
            expect_rounded_hardness(weights, arrays["loss_mean"][step], operation)
        if "get_weight_all" in arrays:
            everyone = weights.weights(torch.arange(len(found)))
            np.testing.assert_allclose(
                everyone.numpy(), arrays["get_weight_all"][step], rtol=1e-12 if double else 1e-6
            )
    assert weights.done
    assert weights.updates == weights.updates_needed


def expect_rounded_hardness(weights: IdentityWeights, published: Any, operation: int) -> None:
    """An update of the float32 code rounds hardness to sixteenths; take its rounding over and go on."""
    tolerance = 1 / 32 + 1e-6 if operation == UPDATE else 1e-5
    np.testing.assert_allclose(weights.hardness_I.numpy(), published, rtol=0, atol=tolerance)
    state = weights.state_dict()
    weights.load_state_dict({**state, "hardness": torch.from_numpy(published)})


@pytest.mark.parametrize("name", FILES)
def test_a_batch_of_dropped_identities_is_trained_unweighted(name: str, golden: Load) -> None:
    arrays = golden(name)
    weights = official(arrays["weight"].shape[1])
    weights.load_state_dict({**weights.state_dict(), "weights": torch.from_numpy(arrays["weight"][-1])})
    dropped_B = torch.from_numpy(arrays["zero_ids"]).long()
    np.testing.assert_array_equal(weights.weights(dropped_B).numpy(), arrays["get_weight_zero_ids"])
