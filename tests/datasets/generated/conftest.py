"""A corpus of a few people, small enough to be made again and again."""

import pytest

from vfal.core.config.generated import GeneratedCorpus


@pytest.fixture
def settings() -> GeneratedCorpus:
    return GeneratedCorpus(
        people=3,
        clips_each=3,
        faces_each=2,
        clip_min_s=0.6,
        clip_max_s=0.9,
        face_px=48,
        nationality_agreement_ratio=0.85,
        factor_noise=0.4,
        private_strength=1.0,
        voice_nuisance=1.0,
        face_nuisance=1.0,
        personalised_ratio=0.1,
        contrary=False,
    )
