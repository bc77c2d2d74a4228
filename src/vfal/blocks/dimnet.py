"""Block of DIMNet."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from vfal.core.config.method_block import MethodBlock

Covariate = Literal["identity", "gender", "nationality"]


class Settings(MethodBlock):
    """One classifier per covariate; `covariates` are those that are learned, with their coefficients."""

    width: PositiveInt
    shared_tail: bool
    covariates: dict[Covariate, PositiveFloat] = Field(min_length=1)
