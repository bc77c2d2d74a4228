from pathlib import Path

import pytest

from vfal.core.files import read_json, write_json
from vfal.serving.media import kind_of
from vfal.serving.questions import answer
from vfal.serving.scorer import Scorer


@pytest.fixture
def media(shared_folder: Path) -> Path:
    folder = shared_folder / "real_media"
    if not folder.is_dir():
        pytest.skip("the recordings and pictures of real people are not beside the checkout")
    return folder


def test_real_recordings_and_pictures_are_taken_as_they_are(model: Path, media: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for place in ("encoders", "trained"):
        (folder / place).symlink_to(model / place)
    held = read_json(model / "params.json")
    limits = {"most_bytes": {"voice": 10**6, "face": 10**6}, "clip_duration_s": {"least": 0.5, "most": 60.0}}
    write_json(
        folder / "params.json",
        {**held, "serve": {**held["serve"], **limits, "clip_duration_s": {"least": 0.5, "most": 60.0}}},
    )
    voices = sorted(media.glob("wav/*/*/*.wav"))
    faces = sorted(media.glob("VGG_ALL_FRONTAL/*/*.jpg"))[:20]
    assert {kind_of(path.read_bytes()) for path in voices} == {"voice"}
    gallery = [f"file:{path.relative_to(media)}" for path in faces]
    [found] = answer(
        Scorer(folder),
        [{"task": "match", "voice": f"file:{voices[0].relative_to(media)}", "gallery": gallery}],
        media,
    )
    assert len(found["ranking"]) == len(faces)
    assert len({one["score"] for one in found["ranking"]}) > 1
