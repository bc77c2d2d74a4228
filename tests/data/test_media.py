from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vfal.core.config.machine import Preprocess
from vfal.core.errors import DataError
from vfal.data import media
from vfal.data.media import PackedFaces, PackedVoices, pack_faces, pack_voices
from vfal.data.voxceleb_layout import list_corpus
from vfal.dataset import Corpus

from ..tiny_corpus import write_corpus

SETTINGS = Preprocess(face_px=32, sample_rate_hz=16000, longest_s=10.0, max_corrupt_ratio=0.5)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    root = write_corpus(tmp_path_factory.mktemp("corpus"), people=4, clips=3, faces=3, seconds=0.3)
    (root / "wav/id10002/video0/00000.wav").write_text("text")
    whole = (root / "wav/id10003/video1/00001.wav").read_bytes()
    (root / "wav/id10003/video1/00001.wav").write_bytes(whole[:3000])
    (root / "faces/Person_000/00000001.jpg").write_text("text")
    return list_corpus(root, workers=1)


def pack(corpus: Corpus, folder: Path, work: Path, workers: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    given = {"settings": SETTINGS, "workers": workers}
    return (
        pack_voices(corpus.clips, corpus.root, folder, work, **given),
        pack_faces(corpus.faces, corpus.root, folder, work, **given),
    )


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_what_cannot_be_decoded_is_left_out_with_its_reason(corpus: Corpus, tmp_path: Path) -> None:
    voices, faces = pack(corpus, tmp_path / "media", tmp_path / "work")
    assert voices["path"].tolist() == ["wav/id10002/video0/00000.wav", "wav/id10003/video1/00001.wav"]
    assert voices["reason"].str.contains("truncated").tolist() == [False, True]
    assert faces[["path", "reason"]].to_numpy().tolist() == [
        ["faces/Person_000/00000001.jpg", "not an image"]
    ]
    index = PackedVoices(tmp_path / "media").index
    assert set(index["clip"]) == set(corpus.clips["clip"]) - set(voices["clip"])


def test_rows_lie_one_after_the_other_in_the_order_of_the_tables(corpus: Corpus, tmp_path: Path) -> None:
    pack(corpus, tmp_path / "media", tmp_path / "work")
    voices, faces = PackedVoices(tmp_path / "media"), PackedFaces(tmp_path / "media")
    assert voices.index["row"].tolist() == list(range(10)) and faces.index["row"].tolist() == list(range(11))
    assert voices.index["clip"].is_monotonic_increasing and faces.index["face"].is_monotonic_increasing
    assert voices.index["offset"].tolist() == [0, *voices.index["samples"].cumsum()[:-1]]
    assert faces.pixels_MHWC.shape == (11, 32, 32, 3) and faces.pixels_MHWC.dtype == np.uint8
    assert voices.samples_T.dtype == np.int16


def test_packed_items_are_the_decoded_files(corpus: Corpus, tmp_path: Path) -> None:
    pack(corpus, tmp_path / "media", tmp_path / "work")
    voices, faces = PackedVoices(tmp_path / "media"), PackedFaces(tmp_path / "media")
    paths = corpus.clips.set_index("clip")["path"].loc[voices.index["clip"]]
    for row, path in enumerate(paths):
        wanted = media.decode_voice(corpus.root / path, sample_rate_hz=16000, longest_s=10.0)
        found = voices.crops(np.array([row]), np.array([0]), len(wanted))[0]
        assert np.array_equal(found, wanted) and voices.lengths[row] == len(wanted)
    paths = corpus.faces.set_index("face")["path"].loc[faces.index["face"]]
    for row, path in enumerate(paths):
        assert np.array_equal(faces.pixels_MHWC[row], media.decode_face(corpus.root / path, face_px=32))


def test_neither_workers_nor_shards_change_the_bytes(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(corpus, tmp_path / "one", tmp_path / "work_one")
    monkeypatch.setattr(media, "SHARD_ITEMS", 1)  # tasks enough for other processes
    pack(corpus, tmp_path / "two", tmp_path / "work_two", workers=2)
    assert outputs(tmp_path / "one") == outputs(tmp_path / "two")


@pytest.mark.parametrize("lost", ["json of a shard", "array and json of a shard", "all but one shard"])
def test_packing_that_was_cut_short_goes_on_to_the_same_bytes(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    monkeypatch.setattr(media, "SHARD_ITEMS", 3)
    pack(corpus, tmp_path / "undisturbed", tmp_path / "work")
    for kind in ("voices", "faces"):
        shards = sorted((tmp_path / "work" / kind).glob("*.json"))
        gone = shards[1:] if lost == "all but one shard" else shards[1:2]
        for path in gone:
            path.unlink()
            if lost != "json of a shard":
                path.with_suffix(".npy").unlink()
    decoded: list[Path] = []
    monkeypatch.setattr(
        media, "decode_face", lambda path, **given: decoded.append(path) or decode_face(path, **given)
    )
    pack(corpus, tmp_path / "again", tmp_path / "work")
    assert outputs(tmp_path / "undisturbed") == outputs(tmp_path / "again")
    assert len(decoded) == (9 if lost == "all but one shard" else 3)


decode_face = media.decode_face


def test_a_shard_cut_by_a_full_disk_is_not_taken_for_whole(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, text: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(media, "write_text", refuse)
        pack(corpus, tmp_path / "media", tmp_path / "work")
    assert not list((tmp_path / "work" / "voices").glob("*.json")) and not (tmp_path / "media").exists()
    pack(corpus, tmp_path / "media", tmp_path / "work")
    assert len(PackedVoices(tmp_path / "media").index) == 10


def test_crops_begin_where_asked_and_repeat_what_is_short(corpus: Corpus, tmp_path: Path) -> None:
    pack(corpus, tmp_path / "media", tmp_path / "work")
    voices = PackedVoices(tmp_path / "media")
    rows, starts = np.array([0, 2, 9]), np.array([0, 4000, 100_000])
    crops = voices.crops(rows, starts, 11_000)
    assert crops.shape == (3, 11_000) and crops.dtype == np.int16
    for crop, row, start in zip(crops, rows, starts, strict=True):
        offset, length = voices.offsets[row], voices.lengths[row]
        samples = np.asarray(voices.samples_T[offset : offset + length])
        tiled = np.tile(samples, 1 + (start + 11_000) // length)
        assert np.array_equal(crop, tiled[start : start + 11_000])


def test_an_array_that_is_missing_damaged_or_of_another_run_is_named(corpus: Corpus, tmp_path: Path) -> None:
    folder = tmp_path / "media"
    pack(corpus, folder, tmp_path / "work")
    whole = (folder / "voices.npy").read_bytes()
    (folder / "voices.npy").write_bytes(whole[:40])
    with pytest.raises(DataError, match=r"voices.npy: damaged"):
        PackedVoices(folder)
    np.save(folder / "voices.npy", np.zeros(5, np.int16))
    with pytest.raises(DataError, match=r"voices.npy: 5 samples, its index says \d+"):
        PackedVoices(folder)
    np.save(folder / "faces.npy", np.zeros((5, 32, 32, 3), np.uint8))
    with pytest.raises(DataError, match=r"faces.npy: 5 pictures, its index says 11"):
        PackedFaces(folder)
    (folder / "faces.npy").unlink()
    with pytest.raises(DataError, match=r"faces.npy: no such packed array. Run `dvc repro preprocess`"):
        PackedFaces(folder)
