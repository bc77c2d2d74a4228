import json
import math
from pathlib import Path
from typing import Any

import pytest

from vfal.core.config.params import check, load_params, read_raw, variant_of, with_overrides
from vfal.core.errors import ConfigError

from ...tiny_params import REPOSITORY, raw_params, tiny_params


def refusal(raw: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        check(raw)
    return str(caught.value)


def having(block: str, **values: Any) -> dict[str, Any]:
    """Plain parameters with keys added to a block, known or not."""
    raw = raw_params()
    target = raw
    for name in block.split("."):
        target[name] = dict(target[name])
        target = target[name]
    target.update(values)
    return raw


def test_the_repository_holds_valid_parameters() -> None:
    params = load_params(REPOSITORY / "params.yaml")
    assert params.weigh_identities.keep_ratio == 0.9
    assert params.prepare.identities.total <= params.collect.generated.people


@pytest.mark.parametrize(
    ("block", "key", "meant"),
    [
        ("weigh_identities", "keep_ration", "keep_ratio"),
        ("methods.seeking_the_shape", "margn", "margin"),
        ("retrain.optimiser", "learning_rat", "learning_rate"),
        ("collect.generated", "peple", "people"),
        ("validate", "offenders_show", "offenders_shown"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_one(block: str, key: str, meant: str) -> None:
    assert (
        refusal(having(block, **{key: 1}))
        == f"params.yaml, {block}: unknown key '{key}'. Did you mean '{meant}'?"
    )


def test_an_unknown_block_is_named_with_the_nearest_one() -> None:
    raw = raw_params()
    raw["retrane"] = {}
    assert refusal(raw) == "params.yaml: unknown key 'retrane'. Did you mean 'retrain'?"


def test_an_unknown_key_like_no_other_is_answered_with_all_there_are() -> None:
    assert "Known: " in refusal(having("embed", qqqq=1)) and "voice_s" in refusal(having("embed", qqqq=1))


def test_a_missing_key_is_named() -> None:
    raw = raw_params()
    raw["warm_up"] = {key: value for key, value in raw["warm_up"].items() if key != "steps"}
    assert refusal(raw) == "params.yaml: key 'warm_up.steps' is missing."


def test_all_that_is_wrong_is_said_at_once() -> None:
    text = refusal(having("retrain", steps="many", batch_size=0))
    assert "retrain.steps" in text and "retrain.batch_size" in text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("retrain__steps", "many"),
        ("retrain__steps", 10.5),
        ("retrain__steps", True),
        ("retrain__steps", 0),
        ("seeds", []),
        ("seeds", 1),
        ("weigh_identities__keep_ratio", 1.7),
        ("weigh_identities__initial_ratio", 0.0),
        ("weigh_identities__hardness_ema", 1.0),
        ("weigh_identities__rule", "sometimes"),
        ("methods__seeking_the_shape__margin", math.nan),
        ("methods__seeking_the_shape__margin", -3.4),
        ("methods__seeking_the_shape__implicit_weighting", "per_batch"),
        ("retrain__optimiser__learning_rate", math.inf),
        ("retrain__optimiser__momentum", 1.0),
        ("machine__device", "gpu"),
        ("machine__precision", "fp16"),
        ("preprocess__max_corrupt_ratio", 1.0),
        ("evaluate__groups", ["all", "same_hat"]),
        ("evaluate__matching_sizes", [1, 2]),
        ("pretrain__augmentation__flip_probability", 1.5),
        ("embed__voice_s", 0.0),
        ("methods__seeking_the_shape__trunk_width", 0),
        ("machine__strategy", "ddp"),
        ("prepare__lists", ""),
    ],
)
def test_a_wrong_type_or_impossible_value_is_refused_by_its_key(key: str, value: Any) -> None:
    assert f"params.yaml, {key.replace('__', '.')}" in refusal(raw_params(**{key: value}))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"prepare__identities__train": 5000}, "prepare.identities"),
        ({"warm_up__batch_size": 33}, "warm_up.batch_size"),
        ({"retrain__batch_size": 33}, "retrain.batch_size"),
        ({"pretrain__batch_identities": 25}, "pretrain.batch_identities"),
        ({"weigh_identities__keep_ratio": 0.2}, "weigh_identities.keep_ratio"),
        ({"weigh_identities__growth_ratio": 0.01}, "weigh_identities.growth_ratio"),
        ({"weigh_identities__max_steps": 20}, "weigh_identities.max_steps"),
        ({"collect__generated__clip_min_s": 3.0}, "collect.generated: clip_min_s"),
        ({"pretrain__augmentation__crop_min_s": 3.0}, "pretrain.augmentation: crop_min_s"),
        (
            {"methods__seeking_the_shape__augmentation__crop_min_s": 3.0},
            "methods.seeking_the_shape.augmentation: crop_min_s",
        ),
        (
            {
                "methods__seeking_the_shape__implicit_loss": "none",
                "methods__seeking_the_shape__explicit_loss": False,
            },
            "methods.seeking_the_shape: explicit_loss",
        ),
        ({"seeds": [1, 2, 1]}, "seeds"),
        ({"evaluate__models": ["seeking_the_shape", "withuot_weights"]}, "evaluate.models"),
        ({"evaluate__models": ["warm_up"]}, "evaluate.models"),
        ({"evaluate__matching_sizes": [2, 11]}, "evaluate.matching_sizes"),
        ({"ablate__variants": {"warm_up": {}}}, "ablate.variants.warm_up"),
        ({"validate__least_genders": 3}, "validate: least_genders"),
        ({"validate__lists": ["/lists/match.txt"]}, "validate: lists"),
        ({"validate__lists": ["ssos/../../match.txt"]}, "validate: lists"),
        ({"validate__seen_by": {"VGGFace2": ""}}, "validate: seen_by.VGGFace2"),
    ],
)
def test_keys_that_do_not_go_together_are_refused_by_name(changes: dict[str, Any], named: str) -> None:
    text = refusal(raw_params(**changes))
    assert f"{named}: " in text and "\n" not in text


def test_a_model_that_nothing_trains_is_refused_with_the_nearest_name() -> None:
    text = refusal(raw_params(evaluate__models=["seeking_the_shape", "withuot_weights"]))
    assert text.endswith("nothing trains 'withuot_weights'. Did you mean 'without_weights'?")


def test_published_weights_need_no_people_to_pretrain_on() -> None:
    tiny_params(
        pretrain__voice__weights="voice.model", pretrain__face__weights="face.pth",
        pretrain__batch_identities=64,
    )  # fmt: skip


def test_a_real_corpus_may_be_larger_than_the_generated_one() -> None:
    tiny_params(collect__dataset="vox1_vggface", prepare__identities__train=924)


@pytest.mark.parametrize(
    ("text", "found"),
    [("seeds: [1, 2\nmachine: {", "not valid yaml"), ("", "found NoneType"), ("- 1\n", "found list")],
)
def test_a_file_that_is_no_yaml_of_blocks_is_refused(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=f"params.yaml: .*{found}"):
        read_raw(path)


def test_a_key_written_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("seeds: [1]\nseeds: [2]\n")
    with pytest.raises(ConfigError, match=r"seeds"):
        read_raw(path)


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such file. Run vfal in the folder"):
        load_params(tmp_path / "params.yaml")


def test_overrides_reach_nested_keys_and_leave_the_original_alone() -> None:
    raw = raw_params()
    changed = with_overrides(raw, {"retrain.optimiser.momentum": 0.5, "seeds": [7]})
    assert changed["retrain"]["optimiser"]["momentum"] == 0.5 and changed["seeds"] == [7]
    assert raw["retrain"]["optimiser"]["momentum"] == 0.9 and raw["seeds"] == [1]


def test_an_override_of_an_unknown_key_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'retrain.stepz'. Did you mean 'retrain.steps'?"):
        with_overrides(raw_params(), {"retrain.stepz": 1})


def variants(**named: dict[str, Any]) -> dict[str, Any]:
    return raw_params(ablate__variants=named, evaluate__models=["seeking_the_shape"])


def test_a_variant_differs_from_the_main_method_in_its_keys_alone() -> None:
    params = check(variants(gentle={"weigh_identities.decay": 0.5, "methods.seeking_the_shape.margin": 1.0}))
    variant = variant_of(params, "gentle")
    assert (variant.weigh_identities.decay, variant.methods.seeking_the_shape.margin) == (0.5, 1.0)
    assert variant.model_copy(update={"weigh_identities": None, "methods": None}) == params.model_copy(
        update={"weigh_identities": None, "methods": None}
    )


def test_an_unknown_variant_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"no variant 'without_wights'. Did you mean 'without_weights'?"):
        variant_of(tiny_params(), "without_wights")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"weigh_identities.keep_ration": 1.0}, "unknown key .* Did you mean 'weigh_identities.keep_ratio'"),
        ({"weigh_identities.keep_ratio": 1.7}, "ablate.variants.odd, weigh_identities.keep_ratio"),
        ({"weigh_identities.growth_ratio": 0.001}, "weigh_identities.growth_ratio"),
        (
            {"preprocess.face_px": 32},
            "ablate.variants.odd: 'preprocess.face_px' is nothing that a variant trains",
        ),
    ],
)
def test_what_a_variant_asks_for_is_checked_when_params_are_read(
    tmp_path: Path, changes: dict[str, Any], found: str
) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(json.dumps(variants(odd=changes)))  # json is yaml
    with pytest.raises(ConfigError, match=found):
        load_params(path)
