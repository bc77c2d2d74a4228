"""Blocks about trial lists and evaluation: what is asked of a model, and how the answers are counted."""

from typing import Annotated

from pydantic import Field, PositiveInt, model_validator

from vfal.core.config.block import Block
from vfal.core.types import Attribute, Group

GallerySize = Annotated[int, Field(ge=2)]


class TrialSettings(Block):
    """How trial lists are drawn (`data/trials.py`)."""

    groups: tuple[Group, ...] = Field(min_length=1)
    queries_per_probe: PositiveInt
    candidates: GallerySize
    joint_queries_per_identity: PositiveInt
    joint_means: tuple[PositiveInt, ...]


class EvaluateSettings(Block):
    """What is measured, and the size of intervals and curves."""

    models: tuple[str, ...] = Field(min_length=1)
    protocols: tuple[str, ...] = Field(min_length=1)
    groups: tuple[Group, ...] = Field(min_length=1)
    breakdown: tuple[Attribute, ...]
    heard_languages: tuple[str, ...]
    matching_sizes: tuple[GallerySize, ...] = Field(min_length=1)
    recall_at: tuple[PositiveInt, ...]
    joint_pairs: tuple[tuple[PositiveInt, PositiveInt], ...]
    dcf_target_ratio: float = Field(gt=0, lt=1)
    bootstrap_replicates: int = Field(ge=0)
    level: float = Field(gt=0, lt=1)
    interval_thresholds: int = Field(ge=50)
    roc_points: int = Field(ge=2)
    histogram_bins: PositiveInt
    block_scores: PositiveInt

    @model_validator(mode="after")
    def _no_repetition(self) -> "EvaluateSettings":
        for key in ("protocols", "groups", "breakdown", "matching_sizes", "recall_at", "joint_pairs"):
            values = getattr(self, key)
            if len(set(values)) < len(values):
                raise ValueError(f"{key}: {', '.join(map(str, values))} names something twice")
        return self
