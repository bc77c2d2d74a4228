"""The block about tuning: what Optuna may vary, how far, and what it is judged by."""

import re
from typing import Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from vfal.core.config.block import Block
from vfal.core.types import Direction

Value = bool | int | float | str


class Objective(Block):
    """What is made large: 1:2 accuracy on validation identities, mean of these directions and seeds."""

    directions: tuple[Direction, ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _no_repeats(self) -> "Objective":
        for name, values in (("directions", self.directions), ("seeds", self.seeds)):
            if len(set(values)) < len(values):
                raise ValueError(f"{name}: {', '.join(map(str, values))} names one twice")
        return self


class Searched(Block):
    """One name of the search space: the keys it stands for in each method, and where it is looked for.

    Either `low`, `high` and `log` (two whole numbers search whole numbers), or `choices`.
    """

    keys: dict[str, tuple[str, ...]] = Field(min_length=1)
    low: int | float | None = None
    high: int | float | None = None
    log: bool | None = None
    choices: tuple[Value, ...] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _a_range_or_choices(self) -> "Searched":
        given = [name for name in ("low", "high", "log") if getattr(self, name) is not None]
        if (self.choices is None) != (len(given) == 3) or (self.choices and given):
            found = ", ".join([*given, *(["choices"] if self.choices else [])]) or "nothing"
            raise ValueError(f"expected low, high and log, or choices alone; found {found}")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low: {self.low} is not below high {self.high}")
        if self.log and self.low is not None and self.low <= 0:
            raise ValueError(f"low: {self.low} has no logarithm; with log true it must be above 0")
        for method, keys in self.keys.items():
            if not keys:
                raise ValueError(f"keys.{method}: names no key")
        return self

    @property
    def ends(self) -> tuple[Value, ...]:
        """The values that must be allowed for all others to be: both ends, or every choice."""
        if self.choices is not None:
            return self.choices
        assert self.low is not None and self.high is not None
        return (self.low, self.high)


class Tune(Block):
    """A study of Optuna."""

    study: str = Field(pattern=r"^[\w.-]+$")  # a folder of reports/tune
    method: str
    trials: PositiveInt
    seed: int
    objective: Objective
    startup_trials: PositiveInt
    pruner: Literal["median", "none"]
    prune_after_trials: PositiveInt
    prune_after_steps: int = Field(ge=0)
    storage: str
    heartbeat_s: PositiveInt
    warm_ups_kept: PositiveInt
    space: dict[str, Searched] = Field(min_length=1)

    @field_validator("storage")
    @classmethod
    def _known_scheme(cls, url: str) -> str:
        if url and not re.match(r"(postgresql|mysql)(\+\w+)?://[^/]|sqlite:///.", url):
            raise ValueError(
                f"found '{url}'; expected sqlite:///<file>, postgresql:// or mysql://, or nothing for a "
                "database in this folder"
            )
        return url

    def bound(self) -> dict[str, tuple[str, ...]]:
        """The keys of params.yaml that each name of the space stands for in the tuned method."""
        return {name: searched.keys[self.method] for name, searched in self.space.items()}
