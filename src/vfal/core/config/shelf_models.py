"""A model of the shelf put together: its method's block and recipe, with all changes made."""

from dataclasses import dataclass
from typing import cast

from vfal.core.config.method_block import MethodBlock
from vfal.core.config.params import Params, check, with_overrides
from vfal.core.config.shelf import Recipe
from vfal.core.errors import ConfigError
from vfal.core.shelf import nearest


@dataclass(frozen=True)
class Ordered:
    """What a model of the shelf is made by: the method's name, its settings and its recipe."""

    name: str
    method: str
    settings: MethodBlock
    recipe: Recipe


def ordered(params: Params, name: str) -> Ordered:
    """The model `name` of `train_method.models`; wrong keys and values are a `ConfigError`."""
    models = params.train_method.models
    if name not in models:
        raise ConfigError(f"train_method.models: no model '{name}'. {nearest(name, models)}")
    method, place = models[name].method, f"params.yaml, train_method.models.{name}"
    known = type(params.methods).model_fields
    if method not in known:
        raise ConfigError(f"{place}.method: no method '{method}'. {nearest(method, known)}")
    changes = {f"methods.{method}.{key}": value for key, value in models[name].changes.items()}
    changed = check(with_overrides(params.model_dump(by_alias=True), changes), place)
    settings = cast(MethodBlock, getattr(changed.methods, method))
    recipe = {f"train_method.recipe.{key}": value for key, value in settings.recipe.items()}
    whole = check(with_overrides(changed.model_dump(by_alias=True), recipe), f"{place}, recipe")
    return Ordered(name, method, settings, whole.train_method.recipe)
