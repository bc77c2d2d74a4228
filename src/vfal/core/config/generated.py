"""Block about the generated corpus: how many people, how much of each, and how hard it is."""

from pydantic import Field, PositiveInt, model_validator

from vfal.core.config.block import Block

LARGEST_CORPUS = 9_999  # identities are id10001 to id19999


class GeneratedCorpus(Block):
    """Knobs of `vfal/datasets/generated`.

    The first three set its size and can be raised without changing who is already there; the others
    decide what is seen and heard.
    """

    people: int = Field(ge=1, le=LARGEST_CORPUS)
    clips_each: PositiveInt
    faces_each: PositiveInt
    clip_min_s: float = Field(ge=0.5, le=60)
    clip_max_s: float = Field(ge=0.5, le=60)
    face_px: int = Field(ge=32, le=512)
    nationality_agreement_ratio: float = Field(ge=1 / 6, le=1)
    factor_noise: float = Field(ge=0.01, le=10)
    private_strength: float = Field(ge=0, le=2)
    voice_nuisance: float = Field(ge=0, le=2)
    face_nuisance: float = Field(ge=0, le=2)
    personalised_ratio: float = Field(ge=0, le=1)
    contrary: bool

    @model_validator(mode="after")
    def _shortest_first(self) -> "GeneratedCorpus":
        if self.clip_min_s > self.clip_max_s:
            raise ValueError(f"clip_min_s: {self.clip_min_s} is larger than clip_max_s {self.clip_max_s}")
        return self
