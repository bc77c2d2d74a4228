"""A small model with ten people to ask it about."""

import base64
import io
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from vfal.core.config.params import check, read_raw, with_overrides
from vfal.core.seeding import generator
from vfal.serving.scorer import Scorer
from vfal.tracking.chosen import choose
from vfal.training.phases import METHOD

from ..tracking.conftest import SMALL, write_corpus, write_models

LIMITS = {
    "serve.most_items": 24,
    "serve.most_bytes": {"voice": 100_000, "face": 50_000},
    "serve.clip_duration_s": {"least": 0.5, "most": 3.0},
    "serve.face_side_px": {"least": 32, "most": 500},
}


@pytest.fixture(scope="session")
def trained(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with two trained seeds and the files of ten people in data/raw/tree."""
    folder = tmp_path_factory.mktemp("trained")
    write_corpus(folder)
    write_models(folder, check(with_overrides(read_raw(repository / "params.yaml"), SMALL)))
    return folder


@pytest.fixture(scope="session")
def model(repository: Path, trained: Path) -> Path:
    """A folder with what a served model holds."""
    raw = with_overrides(read_raw(repository / "params.yaml"), SMALL | LIMITS)
    with chdir(trained):
        chosen = choose(check(raw), METHOD)
        assert chosen is not None
        chosen.copy_to(Path("served"))
    return trained / "served"


@pytest.fixture(scope="session")
def scorer(model: Path) -> Scorer:
    return Scorer(model)


@pytest.fixture
def file(trained: Path) -> Callable[[str], str]:
    """A file of a person, as base64."""
    return lambda name: packed((trained / "data/raw/tree" / name).read_bytes())


def packed(content: bytes) -> str:
    return base64.b64encode(content).decode()


def recording(
    *, seconds: float = 1.0, rate_hz: int = 16_000, channels: int = 1, kind: str = "WAV", silent: bool = False
) -> bytes:
    samples = 0.1 * generator(1, "recording").standard_normal((round(seconds * rate_hz), channels))
    out = io.BytesIO()
    soundfile.write(out, 0 * samples if silent else samples, rate_hz, format=kind)
    return out.getvalue()


def picture(*, size: tuple[int, int] = (40, 40), kind: str = "PNG") -> bytes:
    pixels = generator(1, "picture").integers(0, 256, (size[1], size[0], 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()
