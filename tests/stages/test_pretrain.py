from collections.abc import Callable
from pathlib import Path

import pytest

from vfal.core.config.params import Params
from vfal.core.errors import ConfigError
from vfal.stages.pretrain import run
from vfal.training.checkpoint import load_tensors
from vfal.training.record import read_curve


def test_one_encoder_per_modality_is_left_without_its_classifier(params: Params) -> None:
    for modality in ("voice", "face"):
        names = load_tensors(Path(f"models/encoders/{modality}.safetensors"))
        assert names and all(name.startswith("encoder.") for name in names)
        assert [row["step"] for row in read_curve(Path(f"models/encoders/{modality}.jsonl"))] == [0]
    assert list(Path(".state/pretrain").iterdir()) == []


def test_pretraining_again_gives_the_same_bytes(
    params: Params, again: Callable[..., Path], finished: Path
) -> None:
    folder = again("models/encoders")
    run(params)
    for path in (finished / "models/encoders").iterdir():
        assert (folder / "models/encoders" / path.name).read_bytes() == path.read_bytes()


def test_an_unknown_encoder_is_refused_with_the_nearest_one(
    params: Params, again: Callable[..., Path]
) -> None:
    again("models/encoders")
    voice = params.pretrain.voice.model_copy(update={"name": "small_vioce"})
    odd = params.model_copy(update={"pretrain": params.pretrain.model_copy(update={"voice": voice})})
    with pytest.raises(ConfigError, match=r"unknown name 'small_vioce'. Did you mean 'small_voice'"):
        run(odd)
