from typing import Any

import pytest

from vfal.core.config.params import check, check_all
from vfal.core.errors import ConfigError
from vfal.tuning.space import by_key, depends_on, shortfall, start_of

from ..tiny_params import raw_params

MAIN = "seeking_the_shape"


def searching(*keys: str, **where: Any) -> dict[str, Any]:
    given = where or {"low": 0.5, "high": 1.0, "log": False}
    return raw_params(tune__space={"word": {"keys": {MAIN: list(keys)}, **given}})


def refusal(raw: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        check_all(raw)
    return str(caught.value)


def test_the_three_names_of_the_study_are_bound_to_the_main_method() -> None:
    assert check_all(raw_params()).tune.bound() == {
        "margin": ("methods.seeking_the_shape.margin",),
        "keep_ratio": ("weigh_identities.keep_ratio",),
        "delta": ("weigh_identities.decay",),
    }


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            searching("weigh_identities.keep_ration"),
            "unknown key 'weigh_identities.keep_ration'. Did you mean 'weigh_identities.keep_ratio'?",
        ),
        (
            searching("methods.seeking_the_shpe.margin"),
            "unknown key 'methods.seeking_the_shpe.margin'. Did you mean 'methods.seeking_the_shape.margin'?",
        ),
        (
            searching("prepare.identities.train"),
            "tune.space.word.keys: 'prepare.identities.train' is nothing that a trial of seeking_the_shape",
        ),
        (
            searching("weigh_identities.keep_ratio", low=0.5, high=1.2, log=False),
            "tune.space.word, at 1.2, weigh_identities.keep_ratio: found 1.2; input should be less than",
        ),
        (
            searching("retrain.steps", low=10.0, high=20.5, log=False),
            "tune.space.word, at 10.0, retrain.steps: found 10.0; input should be a valid integer",
        ),
        (
            searching("weigh_identities.hardness", choices=["cosine", "rnk"]),
            "tune.space.word, at rnk, weigh_identities.hardness: found 'rnk'; input should be",
        ),
        (
            searching("weigh_identities.decay", low=1.0, high=0.9, log=False),
            "tune.space.word: low: 1.0 is not below high 0.9.",
        ),
        (
            searching("methods.seeking_the_shape.margin", low=0.0, high=1.0, log=True),
            "tune.space.word: low: 0.0 has no logarithm; with log true it must be above 0.",
        ),
        (
            searching("weigh_identities.decay", low=0.9, high=1.0),
            "tune.space.word: expected low, high and log, or choices alone; found low, high.",
        ),
        (
            searching("weigh_identities.decay", low=0.9, high=1.0, log=False, choices=[1.0]),
            "expected low, high and log, or choices alone; found low, high, log, choices.",
        ),
        (searching("retrain.steps", lw=9), "tune.space.word: unknown key 'lw'. Did you mean 'low'?"),
        (searching(), f"tune.space.word: keys.{MAIN}: names no key."),
        (
            raw_params(tune__method="nobody"),
            "tune.method: no method 'nobody'. Known: ",
        ),
        (
            raw_params(
                tune__space={"word": {"keys": {"seeking_shape": ["a"]}, "choices": [1]}},
            ),
            f"tune.space.word.keys: names no key of '{MAIN}', which is tuned.",
        ),
        (raw_params(tune__storage="redis://here"), "tune.storage: found 'redis://here'; expected sqlite:///"),
        (raw_params(tune__objective__seeds=[1, 1]), "tune.objective: seeds: 1, 1 names one twice."),
    ],
)  # fmt: skip
def test_a_space_that_makes_no_sense_is_refused_in_one_sentence(raw: dict[str, Any], said: str) -> None:
    text = refusal(raw)
    assert said in text and "\n" not in text


def test_one_name_may_stand_for_several_keys() -> None:
    raw = searching(
        "warm_up.optimiser.learning_rate", "retrain.optimiser.learning_rate", low=0.01, high=0.1, log=True
    )
    tune = check_all(raw).tune
    assert by_key(tune, {"word": 0.02}) == {
        "warm_up.optimiser.learning_rate": 0.02,
        "retrain.optimiser.learning_rate": 0.02,
    }
    assert start_of(raw, tune) == {"word": 0.05}


def test_keys_of_one_name_that_hold_different_values_are_refused() -> None:
    raw = searching("warm_up.batch_size", "retrain.steps", low=8, high=32, log=False)
    with pytest.raises(ConfigError, match=r"tune.space.word: .*warm_up.batch_size: 16, retrain.steps: 60"):
        start_of(raw, check_all(raw).tune)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"low": 0.95, "high": 1.0, "log": False}, "is 0.9 in params.yaml, outside the searched 0.95 to 1.0"),
        ({"choices": [0.5, 1.0]}, "is 0.9 in params.yaml, outside the searched 0.5, 1.0"),
    ],
)
def test_a_space_without_the_values_of_params_is_refused(where: dict[str, Any], said: str) -> None:
    raw = searching("weigh_identities.keep_ratio", **where)
    with pytest.raises(ConfigError, match=said):
        start_of(raw, check_all(raw).tune)


def test_keys_that_say_what_items_are_read_are_refused() -> None:
    raw = searching("methods.seeking_the_shape.regime", choices=["features", "raw"])
    with pytest.raises(ConfigError, match=r"regime' says what items are read, and is read once"):
        start_of(raw, check_all(raw).tune)


@pytest.mark.parametrize(
    ("changes", "feasible"),
    [
        ({}, True),
        ({"weigh_identities__keep_ratio": 0.2}, False),
        ({"weigh_identities__growth_ratio": 0.01}, False),
        ({"weigh_identities__max_steps": 70}, False),
        ({"weigh_identities__max_steps": 71}, True),
        ({"weigh_identities__rule": "none", "weigh_identities__max_steps": 1}, True),
    ],
)
def test_a_draw_is_feasible_exactly_where_its_parameters_are_accepted(
    changes: dict[str, Any], feasible: bool
) -> None:
    raw = raw_params(**changes)
    assert (shortfall(raw) <= 0) is feasible
    if feasible:
        check(raw)
    else:
        with pytest.raises(ConfigError, match="weigh_identities"):
            check(raw)


def test_a_study_depends_on_what_features_and_training_are_made_by_but_not_on_what_it_draws() -> None:
    before = depends_on(check(raw_params()))
    drawn = {"weigh_identities__keep_ratio": 0.8, "methods__seeking_the_shape__margin": 2.0}
    elsewhere = {"machine__workers": 3, "compare__hardness_bins": 7, "tracking__experiment": "other"}
    assert depends_on(check(raw_params(**drawn, **elsewhere, tune__trials=99))) == before
    for change in ({"retrain__steps": 61}, {"prepare__seed": 2}, {"tune__objective__seeds": [7]}):
        assert depends_on(check(raw_params(**change))) != before
