"""The search space of params.yaml: what a trial draws, and what a draw means for params.yaml."""

from collections.abc import Mapping
from typing import Any

import optuna

from vfal.core.config.params import ABLATED, Params
from vfal.core.config.tuning import Searched, Tune, Value
from vfal.core.config.writing import value_at
from vfal.core.errors import ConfigError
from vfal.core.growth import updates_needed
from vfal.tuning.seen import MAKERS

# What the features and the training of a trial are made by, beside the method's own block.
BLOCKS = (*MAKERS, *ABLATED[:-1])
READ_ONCE = ("regime", "augmentation")  # keys of the method
DIGITS = 4  # significant ones of a drawn value: params.yaml stays readable, and holds what was measured


def draw(trial: optuna.Trial, tune: Tune, start: Mapping[str, Value]) -> dict[str, Value]:
    """A value for each name of the space; `start` are those of params.yaml, which are never rounded."""
    drawn = {}
    for name, searched in tune.space.items():
        value = _suggest(trial, name, searched)
        drawn[name] = value if value == start[name] else _rounded(value, searched)
    return drawn


def by_key(tune: Tune, drawn: Mapping[str, Value]) -> dict[str, Value]:
    """Drawn values under the dotted keys of params.yaml that their names stand for."""
    return {key: drawn[name] for name, keys in tune.bound().items() for key in keys}


def start_of(raw: Mapping[str, Any], tune: Tune) -> dict[str, Value]:
    """The values that params.yaml holds, which the first trial measures; `ConfigError` if it could not."""
    start = {}
    for name, keys in tune.bound().items():
        for key in keys:
            if key.partition(f"methods.{tune.method}.")[2].partition(".")[0] in READ_ONCE:
                raise ConfigError(
                    f"tune.space.{name}: '{key}' says what items are read, and is read once for all trials. "
                    "Make one study for each."
                )
        held = {key: value_at(raw, key) for key in keys}
        values = list(held.values())
        if any(value != values[0] for value in values):
            raise ConfigError(
                f"tune.space.{name}: its keys hold different values ("
                f"{', '.join(f'{key}: {value}' for key, value in held.items())}); one value is tried for all."
            )
        if not _inside(values[0], tune.space[name]):
            ends = tune.space[name].ends
            span = (", " if tune.space[name].choices else " to ").join(map(str, ends))
            raise ConfigError(
                f"tune.space.{name}: {keys[0]} is {values[0]} in params.yaml, outside the searched {span}. "
                "The first trial measures params.yaml as it is; widen the range."
            )
        start[name] = values[0]
    return start


def shortfall(params_raw: Mapping[str, Any]) -> float:
    """How far weighing is from reaching its keep-ratio in time, as a share; 0 or less when it can.

    Optuna's constraint: a trial is feasible where it is at most 0.
    """
    block = params_raw["weigh_identities"]
    if block["rule"] != "learned":
        return 0.0
    if block["keep_ratio"] < block["initial_ratio"]:
        return float(block["initial_ratio"] - block["keep_ratio"])
    try:
        updates = updates_needed(
            params_raw["prepare"]["identities"]["train"],
            initial_ratio=block["initial_ratio"],
            growth_ratio=block["growth_ratio"],
            keep_ratio=block["keep_ratio"],
        )
    except ConfigError:  # nobody enters after the first update
        return 1.0
    last_step = (updates - 1) * block["interval_steps"]
    return float((last_step + 1 - block["max_steps"]) / block["max_steps"])


def depends_on(params: Params) -> dict[str, Any]:
    """What a value of the study depends on beside the draw, flat: two studies that differ are two studies."""
    from vfal.tracking.plan import flatten

    tune = params.tune
    dump = params.model_dump(by_alias=True)
    held = {name: dump[name] for name in BLOCKS} | {"methods": {tune.method: dump["methods"][tune.method]}}
    drawn = {key for keys in tune.bound().values() for key in keys}
    flat = {key: value for key, value in flatten(held).items() if key not in drawn}
    asked = {"method": tune.method, "objective": dump["tune"]["objective"]}
    for name, searched in dump["tune"]["space"].items():
        asked[f"space.{name}"] = {key: searched[key] for key in ("log", "choices")} | {
            "keys": searched["keys"][tune.method]
        }
    return flat | flatten({"tune": asked})


def _suggest(trial: optuna.Trial, name: str, searched: Searched) -> Value:
    if searched.choices is not None:
        chosen = trial.suggest_categorical(name, searched.choices)
        assert chosen is not None
        return chosen
    low, high, log = searched.low, searched.high, bool(searched.log)
    assert low is not None and high is not None
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name, low, high, log=log)
    return trial.suggest_float(name, low, high, log=log)


def _rounded(value: Value, searched: Searched) -> Value:
    if not isinstance(value, float) or searched.choices is not None:
        return value
    low, high = searched.ends
    return min(max(float(f"{value:.{DIGITS}g}"), float(low)), float(high))


def _inside(value: Any, searched: Searched) -> bool:
    if searched.choices is not None:
        return value in searched.choices
    low, high = searched.ends
    return isinstance(value, int | float) and float(low) <= value <= float(high)
