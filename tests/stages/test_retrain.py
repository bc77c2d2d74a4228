from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from vfal.core.config.params import Params
from vfal.core.errors import DataError
from vfal.core.files import read_json
from vfal.stages.retrain import run
from vfal.training.record import read_curve

MODEL = Path("models/trained/seeking_the_shape")


def test_the_best_step_on_validation_is_the_model(params: Params) -> None:
    for seed in params.seeds:
        about = read_json(MODEL / f"seed_{seed}.json")
        rows = [row for row in read_curve(MODEL / f"seed_{seed}.jsonl") if "validation_accuracy" in row]
        assert [row["step"] for row in rows] == [4, 9, 11]
        best = max(rows, key=lambda row: row["validation_accuracy"])
        assert (about["step"], about["validation_accuracy"]) == (
            best["step"] + 1,
            best["validation_accuracy"],
        )
        assert 0 <= about["validation_accuracy"] <= 1


def test_retraining_again_gives_the_same_bytes(
    params: Params, again: Callable[..., Path], finished: Path
) -> None:
    folder = again(str(MODEL))
    run(params)
    for path in (finished / MODEL).iterdir():
        assert (folder / MODEL / path.name).read_bytes() == path.read_bytes(), path.name


def test_other_weights_make_another_model(params: Params, again: Callable[..., Path], finished: Path) -> None:
    folder = again(str(MODEL))
    for seed in params.seeds:
        path = Path(f"models/identity_weights/weights_{seed}.parquet")
        table = pd.read_parquet(path)
        table.assign(weight=table["weight"].to_numpy()[::-1]).to_parquet(path)
    run(params)
    curves = [read_curve(place / MODEL / "seed_1.jsonl") for place in (finished, folder)]
    assert curves[0] != curves[1]


def test_weights_of_other_people_are_refused(params: Params, again: Callable[..., Path]) -> None:
    again(str(MODEL))
    path = Path("models/identity_weights/weights_1.parquet")
    table = pd.read_parquet(path)
    table.iloc[::-1].to_parquet(path)
    with pytest.raises(DataError, match=r"weights_1.parquet: lists other identities than the training split"):
        run(params)
