from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from vfal.core.config.params import Params, check, with_overrides
from vfal.core.config.shelf_models import ordered
from vfal.core.errors import ConfigError
from vfal.core.files import read_json
from vfal.stages.train_method import run
from vfal.training.checkpoint import load_tensors
from vfal.training.loop import Loop
from vfal.training.record import read_curve

FOLDER = Path("models/shelf")


def changed(params: Params, **changes: Any) -> Params:
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return check(with_overrides(params.model_dump(by_alias=True), dotted))


def test_every_seed_of_a_model_leaves_its_tensors_its_curve_and_its_facts(params: Params) -> None:
    for name in params.train_method.models:
        for seed in params.train_method.seeds:
            path = FOLDER / name / f"seed_{seed}.safetensors"
            facts = read_json(path.with_suffix(".json"))
            assert facts["model"] == name and facts["method"] == "fvcme"
            assert 0 < facts["step"] <= facts["steps"]
            assert facts["crowd"]["identities"] == 16 and facts["crowd"]["genders"] == 2
            assert sum(tensor.numel() for tensor in load_tensors(path).values()) >= facts["parameters"] > 0
            curve = read_curve(path.with_suffix(".jsonl"))
            accuracies = [row["validation_accuracy"] for row in curve if "validation_accuracy" in row]
            assert max(accuracies) == facts["validation_accuracy"]


def test_what_a_model_cost_stands_beside_the_reports(params: Params) -> None:
    cost = read_json(Path("reports/shelf/fvcme.cost.json"))
    assert set(cost) == {"processor_s", "steps", "parameters"} and cost["steps"] <= 12


def test_raw_media_and_frozen_features_train_the_same_method_with_other_encoders(params: Params) -> None:
    raw, frozen = (read_json(FOLDER / name / "seed_1.json") for name in ("fvcme_raw", "fvcme"))
    assert raw["feature_width"] == {"voice": 0, "face": 0} and frozen["feature_width"]["voice"] > 0
    assert any(
        "voice.blocks" in name or "voice." in name
        for name in load_tensors(FOLDER / "fvcme_raw/seed_1.safetensors")
    )


def test_identity_weights_change_what_is_learned(params: Params) -> None:
    plain, weighted = (
        load_tensors(FOLDER / name / "seed_1.safetensors") for name in ("fvcme", "fvcme_adaptive")
    )
    assert plain.keys() == weighted.keys()
    assert any(not plain[key].equal(weighted[key]) for key in plain)


@pytest.mark.parametrize("name", ["fvcme", "fvcme_adaptive"])
def test_a_model_killed_at_any_step_ends_in_the_same_bytes(
    params: Params, again: Callable[..., Path], finished: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder, made, step = again(f"models/shelf/{name}"), 0, Loop._step
    small = changed(params, train_method__recipe__checkpoint_every_steps=4)

    def dying(self: Loop, *rest: Any) -> None:
        nonlocal made
        made += 1
        if made % 9 == 0:
            raise KeyboardInterrupt
        step(self, *rest)

    with monkeypatch.context() as context:
        context.setattr(Loop, "_step", dying)
        for _ in range(20):
            try:
                run(small, name)
                break
            except KeyboardInterrupt:
                continue
        else:
            pytest.fail("never came to its end")
    for path in sorted((finished / FOLDER / name).iterdir()):
        assert (folder / FOLDER / name / path.name).read_bytes() == path.read_bytes(), path.name


def test_training_ends_when_validation_finds_nothing_better(
    params: Params, again: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    again("models/shelf/fvcme")
    monkeypatch.setattr(
        "vfal.training.assessing.ValidationAccuracy.of_both_directions", lambda self, method: 0.5
    )
    patient = changed(
        params, train_method__recipe__max_steps=100, train_method__recipe__patience=3, train_method__seeds=[1]
    )
    run(patient, "fvcme")
    facts = read_json(FOLDER / "fvcme/seed_1.json")
    assert facts["step"] == 5 and facts["steps"] == 20  # the first validation and three more


def test_only_people_of_the_training_split_are_learned_from(params: Params) -> None:
    note = read_json(FOLDER / "fvcme/trained_on.json")
    people = pd.read_parquet("data/prepared/identities.parquet")
    assert set(note["identities"]) == set(people.loc[people["split"] == "train", "identity"])


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"method": "fvcm", "changes": {}}, "models.x.method: no method 'fvcm'. Did you mean 'fvcme'?"),
        ({"method": "fvcme", "changes": {"widht": 3}}, "unknown key 'methods.fvcme.widht'"),
        ({"method": "fvcme", "changes": {"width": 0}}, "models.x, methods.fvcme.width: found 0"),
        ({"method": "fvcme", "changes": {"recipe": {"pace": 1}}}, "unknown key 'train_method.recipe.pace'"),
        ({"method": "fvcme", "changes": {"recipe": {"patience": 0}}}, "recipe.patience: found 0"),
    ],
)
def test_a_wrong_model_is_refused_by_name(params: Params, model: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ordered(changed(params, train_method__models={"x": model}), "x")
    assert said in str(caught.value)


def test_a_model_nobody_ordered_is_refused_with_the_nearest(params: Params) -> None:
    with pytest.raises(ConfigError, match=r"no model 'fvcm'. Did you mean 'fvcme'"):
        ordered(params, "fvcm")
