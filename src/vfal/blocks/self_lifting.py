"""Block of Self-Lifting and of the label-free baselines that its authors published with it."""

from typing import Literal

from pydantic import Field, PositiveInt

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Pseudo-labels of tracks by clustering, and what is learned from them."""

    hidden_width: PositiveInt
    width: PositiveInt
    dropout: float = Field(ge=0, lt=1)
    shared_tail: bool
    objective: Literal["multi_similarity", "deep_cluster", "ccae", "barlow"]
    start: Literal["none", "ccae", "barlow"]
    start_steps: PositiveInt
    start_factor: float = Field(gt=0)
    clusters: PositiveInt
    least_tracks_per_cluster: PositiveInt
    cluster_every_passes: PositiveInt
    cluster_iterations: PositiveInt
    cluster_by: Literal["both", "voice", "face"]
    cluster_mean_of: Literal["embeddings", "inputs"]
    keep_numbers: bool
    similarity_alpha: float = Field(gt=0)
    similarity_beta: float = Field(gt=0)
    similarity_base: float
    pair_error: float = Field(ge=0)
    off_diagonal: float = Field(ge=0)
    projector: bool
