from collections.abc import Callable
from typing import Any

import pytest
import torch

from vfal.data.batches import Batch
from vfal.method import Method

MODELS: dict[str, dict[str, Any]] = {
    "clip_style": {},
    "detach_and_enhance": {},
    "disentangled": {},
    "msm": {"dropout": 0.0},  # of so few dimensions it would drop all
    "paeff": {},
}


@pytest.mark.parametrize("model", MODELS)
def test_encoders_of_pictures_and_recordings_learn_along(
    model: str, make: Callable[..., Method], raw_batch: Batch
) -> None:
    method = make(model, raw=True, **MODELS[model]).train()
    ((_, terms),) = method.turns(raw_batch, 0)
    torch.stack([loss_B.mean() for loss_B in terms.losses.values()]).sum().backward()
    still = [
        name
        for name, parameter in method.named_parameters()
        if parameter.grad is None or not torch.isfinite(parameter.grad).all()
    ]
    assert still == []
    for encoder in (method.voice, method.face):  # type: ignore[union-attr]
        assert any(parameter.grad.abs().max() > 0 for parameter in encoder.parameters())
