"""params.yaml: reading it, refusing what is wrong in it, and overriding keys by dotted name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from vfal.core.config.block import Block
from vfal.core.config.flows import Flows
from vfal.core.config.machine import Collect, Machine, Prepare, Preprocess
from vfal.core.config.methods import Methods
from vfal.core.config.phases import Ablate, Embed, Pretrain, Retrain, WarmUp, WeighIdentities
from vfal.core.config.promote import Promote
from vfal.core.config.protocols import EvaluateSettings
from vfal.core.config.report import Compare, Tracking
from vfal.core.config.serve import Serve
from vfal.core.config.shelf import EvaluateMethod, Leaderboard, TrainMethod
from vfal.core.config.tuning import Tune
from vfal.core.config.validate import Validate
from vfal.core.errors import ConfigError
from vfal.core.growth import updates_needed
from vfal.core.shelf import nearest

MAIN = "seeking_the_shape"
ABLATED = ("warm_up", "weigh_identities", "retrain", "methods")  # what ablations and trials run again


class Params(Block):
    """The whole of params.yaml, checked."""

    seeds: tuple[int, ...] = Field(min_length=1)
    machine: Machine
    collect: Collect
    prepare: Prepare
    validation: Validate = Field(alias="validate")
    preprocess: Preprocess
    pretrain: Pretrain
    embed: Embed
    warm_up: WarmUp
    weigh_identities: WeighIdentities
    retrain: Retrain
    methods: Methods
    ablate: Ablate
    evaluate: EvaluateSettings
    compare: Compare
    train_method: TrainMethod
    evaluate_method: EvaluateMethod
    leaderboard: Leaderboard
    tune: Tune
    flows: Flows
    serve: Serve
    promote: Promote
    tracking: Tracking

    @model_validator(mode="after")
    def _blocks_agree(self) -> "Params":
        counts, generated = self.prepare.identities, self.collect.generated
        if self.collect.dataset == "generated" and counts.total > generated.people:
            raise ValueError(
                f"prepare.identities: {counts.pretrain} + {counts.train} + {counts.val} + {counts.test} = "
                f"{counts.total} identities asked for, collect.generated.people makes {generated.people}"
            )
        for phase, batch in (("warm_up", self.warm_up.batch_size), ("retrain", self.retrain.batch_size)):
            if batch > counts.train:
                raise ValueError(
                    f"{phase}.batch_size: {batch} is more than the {counts.train} identities of "
                    "prepare.identities.train; batches hold each identity once"
                )
        vectors = self.collect.dataset == "vfal_eva_features"
        if vectors and self.methods.seeking_the_shape.regime != "features":
            raise ValueError(
                "methods.seeking_the_shape.regime: found raw; collect.dataset vfal_eva_features has no media"
            )
        learned = (
            []
            if vectors
            else [encoder for encoder in (self.pretrain.voice, self.pretrain.face) if not encoder.weights]
        )
        if learned and self.pretrain.batch_identities > counts.pretrain:
            raise ValueError(
                f"pretrain.batch_identities: {self.pretrain.batch_identities} is more than the "
                f"{counts.pretrain} identities of prepare.identities.pretrain"
            )
        if self.retrain.weights and self.methods.seeking_the_shape.regime != "raw":
            raise ValueError(
                f"retrain.weights: found '{self.retrain.weights}'; a released model embeds pictures and "
                "recordings, expected methods.seeking_the_shape.regime: raw"
            )
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds: {', '.join(map(str, self.seeds))} names one twice")
        if (largest := max(self.evaluate.matching_sizes)) > self.prepare.trials.candidates:
            raise ValueError(
                f"evaluate.matching_sizes: 1:{largest} is asked for, trials have "
                f"{self.prepare.trials.candidates} candidates (prepare.trials.candidates)"
            )
        self._models_are_trained()
        self._weighing_can_end()
        self._space_is_bound()
        return self

    def _models_are_trained(self) -> None:
        if taken := sorted({"warm_up", MAIN} & set(self.ablate.variants)):
            raise ValueError(f"ablate.variants.{taken[0]}: the map trains a model of that name already")
        if MAIN not in self.evaluate.models:
            raise ValueError(f"evaluate.models: '{MAIN}' is missing; the report is about it")
        trained = ["warm_up", MAIN, *self.ablate.variants]
        for name in self.evaluate.models:
            if name not in trained:
                raise ValueError(f"evaluate.models: nothing trains '{name}'. {nearest(name, trained)}")

    def _weighing_can_end(self) -> None:
        phase, identities = self.weigh_identities, self.prepare.identities.train
        if phase.keep_ratio < phase.initial_ratio:
            raise ValueError(
                f"weigh_identities.keep_ratio: {phase.keep_ratio} is below initial_ratio "
                f"{phase.initial_ratio}; the first update alone would keep more identities than asked for"
            )
        updates = updates_needed(
            identities,
            initial_ratio=phase.initial_ratio,
            growth_ratio=phase.growth_ratio,
            keep_ratio=phase.keep_ratio,
        )
        last_update_step = (updates - 1) * phase.interval_steps
        if phase.rule == "learned" and last_update_step >= phase.max_steps:
            raise ValueError(
                f"weigh_identities.max_steps: keep_ratio {phase.keep_ratio} is reached at update {updates}, "
                f"at step {last_update_step}; the phase is cut at {phase.max_steps}"
            )

    def _space_is_bound(self) -> None:
        known = Methods.model_fields
        if self.tune.method not in known:
            raise ValueError(
                f"tune.method: no method '{self.tune.method}'. {nearest(self.tune.method, known)}"
            )
        for name, searched in self.tune.space.items():
            for method in (self.tune.method, *searched.keys):
                if method not in searched.keys:
                    raise ValueError(f"tune.space.{name}.keys: names no key of '{method}', which is tuned")
                if method not in known:
                    raise ValueError(
                        f"tune.space.{name}.keys: no method '{method}'. {nearest(method, known)}"
                    )


def read_raw(path: Path) -> dict[str, Any]:
    """params.yaml as plain values, unchecked; a missing or malformed file is a `ConfigError`."""
    try:
        raw = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file. Run vfal in the folder that holds params.yaml.") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid yaml: {error}") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: expected blocks like `retrain:`, found {type(raw).__name__}.")
    return raw


def check(raw: Mapping[str, Any], source: str = "params.yaml") -> Params:
    """Plain values as `Params`, or a `ConfigError` that names every refused key."""
    try:
        return Params.model_validate(_tuples(raw))
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(problem, raw, source) for problem in error.errors())) from None


def load_params(path: Path = Path("params.yaml")) -> Params:
    """Read and check params.yaml, and what each ablation makes of it."""
    return check_all(read_raw(path), str(path))


def check_all(raw: Mapping[str, Any], source: str = "params.yaml") -> Params:
    """`check` for the parameters, for each ablation of them and for the ends of the search space."""
    params = check(raw, source)
    for name in params.ablate.variants:
        variant_of(params, name)
    _space_is_allowed(raw, params)
    return params


def with_overrides(raw: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of plain values with dotted keys replaced; a key that is not there is a `ConfigError`."""
    result: dict[str, Any] = _copy(raw)
    for dotted, value in overrides.items():
        *parents, last = dotted.split(".")
        block: Any = result
        for name in parents:
            block = block.get(name) if isinstance(block, dict) else None
        if not isinstance(block, dict) or last not in block:
            raise ConfigError(f"params.yaml: unknown key '{dotted}'. {nearest(dotted, _dotted_keys(raw))}")
        block[last] = value
    return result


def variant_of(params: Params, name: str) -> Params:
    """The parameters of the ablation `name`: its dotted overrides put over everything else."""
    if name not in params.ablate.variants:
        raise ConfigError(f"ablate.variants: no variant '{name}'. {nearest(name, params.ablate.variants)}")
    changes = params.ablate.variants[name]
    overridden = with_overrides(params.model_dump(by_alias=True), changes)
    for key in changes:
        if key.partition(".")[0] not in ABLATED:
            raise ConfigError(
                f"ablate.variants.{name}: '{key}' is nothing that a variant trains anew; expected keys of "
                f"{', '.join(ABLATED)}."
            )
    return check(overridden, f"params.yaml, ablate.variants.{name}")


def _space_is_allowed(raw: Mapping[str, Any], params: Params) -> None:
    """Refuse a search space that names unknown keys, keys no trial trains anew, or values out of limits.

    Values that only go wrong together with others pass: such draws are recorded as infeasible.
    """
    known = _dotted_keys(raw)
    for name, searched in params.tune.space.items():
        place = f"tune.space.{name}"
        for method, keys in searched.keys.items():
            for key in keys:
                if key not in known:
                    raise ConfigError(f"params.yaml, {place}: unknown key '{key}'. {nearest(key, known)}")
                parts = key.split(".")
                if parts[0] not in ABLATED or (parts[0] == "methods" and parts[1:2] != [method]):
                    raise ConfigError(
                        f"params.yaml, {place}.keys: '{key}' is nothing that a trial of {method} trains "
                        f"anew; expected keys of {', '.join(ABLATED[:-1])} or methods.{method}."
                    )
                for value in searched.ends:
                    _value_is_allowed(raw, key, value, place)


def _value_is_allowed(raw: Mapping[str, Any], key: str, value: Any, place: str) -> None:
    overridden = with_overrides(raw, {key: value})
    try:
        Params.model_validate(_tuples(overridden))
    except ValidationError as error:
        source = f"params.yaml, {place}, at {value}"
        for problem in error.errors():
            if problem["type"] != "value_error":
                raise ConfigError(_explain(problem, overridden, source)) from None


def _copy(value: Any) -> Any:
    return {key: _copy(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _tuples(value: Any) -> Any:
    """Yaml has lists only; frozen blocks hold tuples."""
    if isinstance(value, Mapping):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _dotted_keys(raw: Mapping[str, Any], prefix: str = "") -> list[str]:
    keys = []
    for name, value in raw.items():
        keys.append(f"{prefix}{name}")
        if isinstance(value, Mapping):
            keys += _dotted_keys(value, f"{prefix}{name}.")
    return keys


def _explain(problem: Any, raw: Mapping[str, Any], source: str) -> str:
    place = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        model: Any = Params
        for name in place[:-1]:
            if get_origin(model) is dict:
                model = get_args(model)[1]
                continue
            field = next((f for key, f in model.model_fields.items() if name in (key, f.alias)), None)
            model = field.annotation if field else None
        known = [field.alias or key for key, field in model.model_fields.items()] if model else []
        block = ".".join(place[:-1])
        return (
            f"{source}{', ' + block if block else ''}: unknown key '{place[-1]}'. {nearest(place[-1], known)}"
        )
    if problem["type"] == "missing":
        return f"{source}: key '{'.'.join(place)}' is missing."
    if problem["type"] == "value_error":
        text = str(problem["ctx"]["error"])
        return f"{source}, {'.'.join(place) + ': ' if place else ''}{text}{'' if text[-1] in '.?' else '.'}"
    return f"{source}, {'.'.join(place)}: found {problem['input']!r}; {_lower(problem['msg'])}."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
