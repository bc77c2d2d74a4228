"""Blocks about training: encoders, the three phases, the main method and its ablations."""

from typing import Any, Literal

from pydantic import Field, PositiveInt, model_validator

from vfal.core.config.block import Block
from vfal.core.config.method_block import MethodBlock


class Optimiser(Block):
    """SGD with momentum and a step schedule."""

    learning_rate: float = Field(gt=0)
    momentum: float = Field(ge=0, lt=1)
    weight_decay: float = Field(ge=0)
    ramp_steps: int = Field(ge=0)
    milestones_steps: tuple[PositiveInt, ...]
    milestone_factor: float = Field(gt=0, le=1)


class Augmentation(Block):
    """What is varied when media, not features, are trained on."""

    flip_probability: float = Field(ge=0, le=1)
    rotate_probability: float = Field(ge=0, le=1)
    rotate_max_degrees: int = Field(ge=0, le=90)
    crop_min_s: float = Field(gt=0)
    crop_max_s: float = Field(gt=0)

    @model_validator(mode="after")
    def _shortest_first(self) -> "Augmentation":
        if self.crop_min_s > self.crop_max_s:
            raise ValueError(f"crop_min_s: {self.crop_min_s} is larger than crop_max_s {self.crop_max_s}")
        return self


class Encoder(Block):
    """One modality's encoder: a catalogue name, its size, and where published weights lie."""

    name: str
    channels: PositiveInt
    width: PositiveInt
    weights: str


class Pretrain(Block):
    """One encoder per modality, trained to identify people nobody is tested on."""

    voice: Encoder
    face: Encoder
    steps: PositiveInt
    batch_identities: PositiveInt
    views: PositiveInt
    dropout: float = Field(ge=0, lt=1)
    optimiser: Optimiser
    augmentation: Augmentation
    checkpoint_every_steps: PositiveInt


class Embed(Block):
    """Frozen features of every clip and face."""

    batch_size: PositiveInt
    voice_s: float = Field(gt=0)


class WarmUp(Block):
    """Phase 1: every identity counts alike."""

    steps: PositiveInt
    batch_size: PositiveInt
    optimiser: Optimiser
    checkpoint_every_steps: PositiveInt


class HardnessInitial(Block):
    """Hardness of an identity that was never seen, per measure."""

    classification: float
    cosine: float
    rank: float


class WeighIdentities(Block):
    """Phase 2: goes on where warm-up ended and learns one weight per identity."""

    rule: Literal["learned", "none", "truth"]
    hardness: Literal["classification", "cosine", "rank"]
    hardness_initial: HardnessInitial
    hardness_ema: float = Field(ge=0, lt=1)
    initial_ratio: float = Field(gt=0, le=1)
    growth_ratio: float = Field(gt=0, le=1)
    decay: float = Field(gt=0, le=1)
    keep_ratio: float = Field(gt=0, le=1)
    interval_steps: PositiveInt
    max_steps: PositiveInt


class Retrain(Block):
    """Phase 3: from the pre-trained encoders again, weights held fixed, best step chosen on validation."""

    weights: str
    weights_split: str
    steps: PositiveInt
    batch_size: PositiveInt
    optimiser: Optimiser
    validate_every_steps: PositiveInt
    checkpoint_every_steps: PositiveInt


class SeekingTheShape(MethodBlock):
    """Seeking the Shape of Sound: its network and its losses."""

    trunk_width: PositiveInt
    trunk_dropout: float = Field(ge=0, lt=1)
    width: PositiveInt
    dropout: float = Field(ge=0, lt=1)
    implicit_loss: Literal["cross_entropy", "focal", "none"]
    explicit_loss: bool
    margin: float = Field(gt=0)
    focal_gamma: float = Field(ge=0)
    implicit_weighting: Literal["per_sample", "batch_mean"]
    augmentation: Augmentation

    @model_validator(mode="after")
    def _something_to_learn(self) -> "SeekingTheShape":
        if self.implicit_loss == "none" and not self.explicit_loss:
            raise ValueError("explicit_loss: false and implicit_loss none leave nothing to learn from")
        return self


class Ablate(Block):
    """Variants of the main method: dotted keys of params.yaml and the values they get."""

    variants: dict[str, dict[str, Any]]
