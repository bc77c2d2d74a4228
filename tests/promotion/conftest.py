"""A checkout with a trained model in small, an empty MLflow, and a judge who says what tests tell it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vfal.core.config.params import Params
from vfal.promotion import promoting
from vfal.promotion.records import Decision
from vfal.promotion.trials import FairTrials
from vfal.protocol import Evaluation
from vfal.training.checkpoint import load_tensors, save_tensors

from ..tracking.conftest import checkout, empty_database, finished_tree, params, small_raw

__all__ = ["checkout", "empty_database", "finished_tree", "params", "small_raw"]

MODEL = Path("models/trained/seeking_the_shape/seed_2.safetensors")


def evaluation(metrics: tuple[str, ...], value: float) -> Evaluation:
    spread = 0.01 * np.random.default_rng(1).standard_normal(200)
    records: Any = {name: {"value": value, "trials": 90, "identities": 30} for name in metrics}
    return Evaluation(records, pd.DataFrame(dict.fromkeys(metrics, value + spread)), {}, [])


@pytest.fixture
def accuracy(monkeypatch: pytest.MonkeyPatch, params: Params) -> dict[str, float]:
    """What the judge finds, by version; this checkout is always up to date and made from `origin`."""
    values: dict[str, float] = {}

    def judge(model: Path, *_: object) -> Evaluation:
        assert (model / "params.json").exists()
        return evaluation(params.promote.metrics, values[model.parent.name])

    nobody = FairTrials(pd.DataFrame(), {}, 0)
    monkeypatch.setattr(promoting, "_refuse_stale", lambda: None)
    monkeypatch.setattr(promoting, "origin_of", lambda folder: str(MODEL.stat().st_mtime_ns))
    monkeypatch.setattr(promoting, "fair_trials", lambda *_, **__: nobody)
    monkeypatch.setattr("vfal.promotion.judging.judge", judge)
    return values


@pytest.fixture
def promote(checkout: Path, params: Params, accuracy: dict[str, float]) -> Callable[..., Decision]:
    """Promote the model on disk, by hand unless told otherwise."""

    def run(*, scheduled: bool = False) -> Decision:
        return promoting.promote(params, scheduled=scheduled)

    return run


@pytest.fixture
def train(checkout: Path) -> Callable[[], None]:
    """Put another model in the place of the one on disk."""

    def run() -> None:
        save_tensors(MODEL, {name: 2 * tensor for name, tensor in load_tensors(MODEL).items()})

    return run
