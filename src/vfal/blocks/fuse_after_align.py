"""Block of Fuse after Align."""

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from vfal.core.config.method_block import MethodBlock


class Settings(MethodBlock):
    """Alignment by pseudo-labels of videos, and a multimodal encoder that judges pairs."""

    supervised: bool
    width: PositiveInt
    delta: float = Field(gt=0, le=1)
    alignment: Literal["multi_similarity", "contrastive"]
    epsilon: float
    alpha: float = Field(gt=0)
    beta: float = Field(gt=0)
    similarity_base: float
    positive_rule: Literal["intended", "literal"]
    contrastive_margin: float = Field(gt=0)
    multimodal_encoder: bool
    layers: PositiveInt
    heads: PositiveInt
    feed_forward: PositiveInt
    dropout: float = Field(ge=0, lt=1)
    pool: Literal["cls", "mean"]
    hard_negatives: bool
    temperature: float = Field(gt=0)
    progressive: bool
    fixed_clusters: PositiveInt
    stale_epochs: PositiveInt
    least_clusters: PositiveInt
    kmeans_iterations: PositiveInt
    pooled_items: PositiveInt
    reranked: NonNegativeInt

    @model_validator(mode="after")
    def _fits(self) -> "Settings":
        if self.width % self.heads:
            raise ValueError(f"width: {self.width} cannot be dealt to {self.heads} heads")
        if self.adaptive and not self.supervised:
            raise ValueError(
                "adaptive: identity weights want identities, and this method learns from videos without "
                "names; set supervised: true, or adaptive: false"
            )
        return self
