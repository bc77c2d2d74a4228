from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from vfal.core.config.params import Params
from vfal.core.errors import ConfigError
from vfal.stages.ablate import run
from vfal.training.record import read_curve

TRAINED = Path("models/trained")


def test_a_variant_of_weighing_alone_shares_the_warm_up(params: Params) -> None:
    assert not (TRAINED / "without_weights/warm_up").exists()
    assert (pd.read_parquet(TRAINED / "without_weights/weights_1.parquet")["weight"] == 1).all()


def test_a_variant_of_the_losses_warms_up_by_itself(params: Params) -> None:
    assert (TRAINED / "focal/warm_up/state_1.safetensors").exists()
    own, shared = (read_curve(TRAINED / place / "seed_1.jsonl")[0] for place in ("focal/warm_up", "warm_up"))
    assert own["signal_classification"] == shared["signal_classification"]  # the same start
    assert own["loss_identity_voice"] < shared["loss_identity_voice"]  # focal weights are below 1


def test_a_variant_is_another_model_than_the_main_one(params: Params) -> None:
    models = {
        (TRAINED / name / "seed_1.jsonl").read_bytes()
        for name in ("seeking_the_shape", "without_weights", "focal")
    }
    assert len(models) == 3


def test_ablating_again_gives_the_same_bytes(
    params: Params, again: Callable[..., Path], finished: Path
) -> None:
    folder = again("models/trained/focal")
    run(params, "focal")
    for path in (finished / TRAINED / "focal").rglob("*.*"):
        assert (folder / path.relative_to(finished)).read_bytes() == path.read_bytes(), path.name


def test_an_unknown_variant_is_refused_with_the_nearest_one(params: Params) -> None:
    with pytest.raises(ConfigError, match=r"no variant 'fokal'. Did you mean 'focal'?"):
        run(params, "fokal")
