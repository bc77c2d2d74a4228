"""Block of cross-modal prototype contrast."""

from typing import Literal

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Memory banks, their prototypes, and how far a pair is trusted."""

    variant: Literal["paper", "official"]
    width: PositiveInt
    shared_tail: bool
    temperature: float = Field(gt=0)
    memory_momentum: float = Field(ge=0, lt=1)
    tracks_per_cluster: tuple[float, ...] = Field(min_length=1)
    first_clustering_passes: PositiveInt
    cluster_every_passes: PositiveInt
    cluster_iterations: PositiveInt
    prototype_temperature: float = Field(gt=0)
    trust_shift: float
    trust_spread: float = Field(gt=0)
