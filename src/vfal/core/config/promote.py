"""The block that decides which model is the champion."""

import re
from typing import Literal

from pydantic import Field, field_validator

from vfal.core.config.block import Block

Rule = Literal["better", "not_worse"]
METRIC = r"[a-z0-9_]+/(v2f|f2v)/(all|same_gender|same_nationality)/[a-z0-9_]+"


class Promote(Block):
    """When a challenger takes the champion's place."""

    rule: Rule
    rule_after_withdrawal: Rule
    metrics: tuple[str, ...] = Field(min_length=1)
    level: float = Field(gt=0, lt=1)
    tolerance: float = Field(ge=0)
    least_identities: int = Field(ge=2)
    keep_splits: bool

    @field_validator("metrics")
    @classmethod
    def _full_names(cls, metrics: tuple[str, ...]) -> tuple[str, ...]:
        for name in metrics:
            if not re.fullmatch(METRIC, name):
                raise ValueError(
                    f"found '{name}'; expected protocol/direction/group/metric, like "
                    "matching_1_2/v2f/all/accuracy"
                )
        return metrics
