from typing import Any

import pytest

from .small_models import unmoved_by_media

MODELS: dict[str, dict[str, Any]] = {
    "clip_style": {},
    "detach_and_enhance": {},
    "disentangled": {},
    "msm": {"dropout": 0.0},  # of so few dimensions it would drop all
    "paeff": {},
}


@pytest.mark.parametrize("model", MODELS)
def test_encoders_of_pictures_and_recordings_learn_along(model: str) -> None:
    assert unmoved_by_media(model, **MODELS[model]) == []
