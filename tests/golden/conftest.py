"""Stored outputs of published code, and the networks' weights that their README gives by a formula."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Golden = dict[str, NDArray[np.generic]]


@pytest.fixture(scope="session")
def golden(shared_folder: Path) -> Callable[[str], Golden]:
    """Arrays of one golden file by name, without its ending."""

    def read(name: str) -> Golden:
        with np.load(shared_folder / "golden" / f"{name}.npz", allow_pickle=False) as arrays:
            return dict(arrays)

    return read


@pytest.fixture(scope="session")
def state_by_formula() -> Callable[..., dict[str, Tensor]]:
    """The state dict that a golden file describes, under its published names; see golden/README.md."""

    def fill(arrays: Golden, *, base_seed: int, conv_gain: float) -> dict[str, Tensor]:
        entries = zip(arrays["state_names"], arrays["state_shapes"], arrays["state_alias"], strict=True)
        state = {}
        for position, (name, text, alias) in enumerate(entries):
            if alias == -1:
                shape = tuple(int(size) for size in str(text).split(",") if size)
                state[str(name)] = _entry(str(name), shape, base_seed + position, conv_gain)
        return state

    return fill


def _entry(name: str, shape: tuple[int, ...], seed: int, conv_gain: float) -> Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    uniform = np.random.RandomState(seed).random_sample(shape)
    if name.endswith("running_var"):
        return torch.from_numpy(0.5 + uniform)
    if name.endswith("running_mean"):
        return torch.from_numpy(0.2 * uniform - 0.1)
    if len(shape) >= 2:
        gain = conv_gain if len(shape) == 4 else 1.0
        return torch.from_numpy((2 * uniform - 1) * np.sqrt(3 / np.prod(shape[1:])) * gain)
    return torch.from_numpy(0.5 + uniform if name.endswith("weight") else 0.2 * uniform - 0.1)


@pytest.fixture(scope="session")
def without_dropout() -> Callable[[nn.Module], nn.Module]:
    """A module with every dropout probability set to 0."""

    def still(module: nn.Module) -> nn.Module:
        for part in module.modules():
            if isinstance(part, nn.Dropout):
                part.p = 0.0
        return module

    return still
