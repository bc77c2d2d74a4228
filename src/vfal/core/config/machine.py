"""Blocks about the machine and the corpus: what runs where, on which people."""

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from vfal.core.config.block import Block
from vfal.core.config.corpora import MavCeleb, Vox2VggFace2
from vfal.core.config.generated import GeneratedCorpus
from vfal.core.config.protocols import TrialSettings


class Machine(Block):
    """Device, precision and strategy of every stage that computes."""

    device: str = Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    precision: Literal["fp32", "bf16"]
    strategy: Literal["single", "distributed"]
    processes: int = Field(ge=0)
    threads: int = Field(ge=0)
    workers: int = Field(ge=0)

    @model_validator(mode="after")
    def _every_process_has_its_device(self) -> "Machine":
        if self.strategy == "distributed" and ":" in self.device:
            raise ValueError(
                f"device: '{self.device}' is one GPU, strategy distributed gives each process its own; "
                "expected auto, cpu or cuda"
            )
        return self


class Collect(Block):
    """Which corpus, and where it lies."""

    dataset: str
    root: str
    faces_root: str
    follow_links: bool
    max_corrupt_ratio: float = Field(ge=0, lt=1)
    least_clip_s: float = Field(ge=0)
    least_face_px: int = Field(ge=1)
    seed: int
    generated: GeneratedCorpus
    vox2_vggface2: Vox2VggFace2
    mav_celeb: MavCeleb


class IdentityCounts(Block):
    """How many identities each split gets; the four sets are disjoint."""

    pretrain: int = Field(ge=0)
    train: PositiveInt
    val: PositiveInt
    test: PositiveInt

    @property
    def total(self) -> int:
        """Identities needed in all."""
        return self.pretrain + self.train + self.val + self.test


class Prepare(Block):
    """Splits and trial lists."""

    seed: int
    split: Literal["seeded", "ssos", "pins", "trinet", "mav_celeb", "own"]
    lists: str = Field(min_length=1)
    heard_language: str
    identities: IdentityCounts
    trials: TrialSettings


class Preprocess(Block):
    """The packed form of faces and voices."""

    face_px: int = Field(ge=16, le=512)
    sample_rate_hz: PositiveInt
    longest_s: float = Field(gt=0)
    max_corrupt_ratio: float = Field(ge=0, lt=1)
