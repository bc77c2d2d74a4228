import hashlib
from pathlib import Path

import pandas as pd
import pytest
import soundfile
from PIL import Image

from vfal.datasets.generated import TRUTH_FILE, collect, tree


def digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(settings, tmp_path):
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        collect(settings, tmp_path / folder, seed=seed, workers=1)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert not set(digests(tmp_path / "a").values()) & set(digests(tmp_path / "c").values())


def test_more_workers_change_no_byte(settings, tmp_path):
    settings = settings.model_copy(update={"people": 8, "clips_each": 2, "faces_each": 1})
    collect(settings, tmp_path / "one", seed=1, workers=1)
    collect(settings, tmp_path / "two", seed=1, workers=2)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_growing_keeps_every_file_that_was_there(settings, tmp_path):
    collect(settings, tmp_path / "small", seed=1, workers=1)
    larger = settings.model_copy(update={"people": 4, "clips_each": 5, "faces_each": 3})
    collect(larger, tmp_path / "large", seed=1, workers=1)
    small, large = digests(tmp_path / "small"), digests(tmp_path / "large")
    media = {name for name in small if name.startswith(("wav", "faces"))}
    assert media
    assert all(small[name] == large[name] for name in media)
    collect(larger, tmp_path / "small", seed=1, workers=1)
    assert digests(tmp_path / "small") == large


def test_a_run_that_was_killed_is_completed_to_the_same_bytes(settings, tmp_path, monkeypatch):
    collect(settings, tmp_path / "whole", seed=1, workers=1)
    written = []

    def killed_at_the_eighth_file(path: Path, content: bytes) -> None:
        written.append(path)
        if len(written) == 8:
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / f".{path.name}.partial-1").write_bytes(content[:50])
            raise KeyboardInterrupt
        write(path, content)

    write = tree._write_bytes
    monkeypatch.setattr(tree, "_write_bytes", killed_at_the_eighth_file)
    with pytest.raises(KeyboardInterrupt):
        collect(settings, tmp_path / "cut", seed=1, workers=1)
    monkeypatch.undo()
    assert len(digests(tmp_path / "cut")) == 8  # seven files and half a file
    collect(settings, tmp_path / "cut", seed=1, workers=1)
    assert digests(tmp_path / "cut") == digests(tmp_path / "whole")


def test_the_tree_is_laid_out_as_voxceleb_and_vggface(settings, tmp_path):
    collect(settings, tmp_path, seed=1, workers=1)
    lines = (tmp_path / "vox1_meta.csv").read_text().splitlines()
    assert lines[0] == "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet"
    assert len(lines) == 4
    for line in lines[1:]:
        identity, name, gender, nationality, group = line.split("\t")
        assert gender in "mf" and nationality and group == "dev"
        clips = sorted((tmp_path / "wav" / identity).rglob("*.wav"))
        assert len(clips) == 3
        assert len({clip.parent.name for clip in clips}) == 2
        assert all(len(clip.parent.name) == 11 and len(clip.stem) == 5 for clip in clips)
        assert {soundfile.info(clip).subtype for clip in clips} == {"PCM_16"}
        assert {(soundfile.info(clip).samplerate, soundfile.info(clip).channels) for clip in clips} == {
            (16000, 1)
        }
        pictures = sorted((tmp_path / "faces" / name).iterdir())
        assert [path.name for path in pictures] == ["00000001.jpg", "00000002.jpg"]
        with Image.open(pictures[0]) as picture:
            assert picture.size == (48, 48)
    truth = pd.read_parquet(tmp_path / TRUTH_FILE)
    assert truth["identity"].tolist() == [line.split("\t")[0] for line in lines[1:]]
    assert truth["personalised"].dtype == bool
