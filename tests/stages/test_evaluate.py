import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vfal.core.config.params import Params
from vfal.core.errors import WeightsError
from vfal.core.files import read_json
from vfal.stages.evaluate import run
from vfal.training.checkpoint import load_tensors, save_tensors

FOLDER = Path("reports/evaluate")
ALWAYS = {
    f"{protocol}/{direction}/all/{metric}"
    for direction in ("v2f", "f2v")
    for protocol, metric in (
        ("matching_1_2", "accuracy"), ("matching_1_4", "accuracy"), ("joint_matching_m2", "accuracy"),
        ("verification", "auc"), ("verification", "eer"), ("retrieval", "map"), ("retrieval", "recall_at_1"),
    )
}  # fmt: skip


def test_every_model_has_the_same_metrics_under_their_full_names(params: Params) -> None:
    metrics = {name: set(read_json(FOLDER / f"{name}.json")) for name in params.evaluate.models}
    assert len({frozenset(names) for names in metrics.values()}) == 1
    assert metrics["warm_up"] >= ALWAYS


def test_a_metric_is_the_mean_of_its_seeds_inside_its_interval(params: Params) -> None:
    values, full = read_json(FOLDER / "warm_up.json"), read_json(FOLDER / "warm_up/full.json")
    assert set(values) == set(full)
    for name, record in full.items():
        assert values[name] == record["value"] == pytest.approx(np.mean(record["seeds"])), name
        assert len(record["seeds"]) == 2 and record["sd"] == pytest.approx(np.std(record["seeds"], ddof=1)), (
            name
        )
        assert record["low"] <= record["high"] and 0 <= record["value"] <= 1 and record["identities"] <= 8, (
            name
        )
    assert full["matching_1_4/v2f/all/accuracy"]["chance"] == 0.25


def test_replicates_are_paired_between_models(params: Params) -> None:
    first, second = (np.load(FOLDER / name / "replicates.npz") for name in ("warm_up", "without_weights"))
    assert first["names"].tolist() == second["names"].tolist()
    assert first["replicates"].shape == (50, len(first["names"]))
    assert first["replicates"].dtype == np.float32


def test_curves_and_retrieved_faces_are_there_to_be_drawn(params: Params) -> None:
    roc = pd.read_csv(FOLDER / "warm_up/roc.csv")
    assert {"direction", "group", "false_accept", "true_accept"} <= set(roc)
    shown = pd.read_csv(FOLDER / "warm_up/retrieved.csv")
    assert list(shown) == ["probe", "rank", "face", "identity", "correct"]
    tested = pd.read_parquet("data/prepared/identities.parquet").query("split == 'test'")["identity"]
    assert set(shown["identity"]) <= set(tested) and shown["rank"].max() == params.compare.retrieved_faces


def test_evaluating_again_gives_the_same_bytes(
    params: Params, again: Callable[..., Path], finished: Path
) -> None:
    folder = again("reports/evaluate")
    run(params, "warm_up")
    for path in [finished / FOLDER / "warm_up.json", *(finished / FOLDER / "warm_up").glob("*.[jc]s*")]:
        assert (folder / path.relative_to(finished)).read_bytes() == path.read_bytes(), path.name


def test_a_model_of_another_size_is_refused(params: Params, again: Callable[..., Path]) -> None:
    again()
    path = Path("models/trained/warm_up/seed_1.safetensors")
    tensors = load_tensors(path)
    save_tensors(path, tensors | {"classifier.weight": tensors["classifier.weight"][:5]})
    with pytest.raises(WeightsError, match=r"seed_1.safetensors: does not fit the network"):
        run(params, "warm_up")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(WeightsError, match=r"seed_1.safetensors: not a whole safetensors file"):
        run(params, "warm_up")


def test_no_metric_is_a_number_that_is_none(params: Params) -> None:
    for name in params.evaluate.models:
        assert all(math.isfinite(value) for value in read_json(FOLDER / f"{name}.json").values())
