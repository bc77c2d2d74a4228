import struct
import zlib
from pathlib import Path

import pandas as pd
import pytest

from vfal.core.errors import DataError
from vfal.core.files import sha256_of
from vfal.core.tables import CLIP_COLUMNS, FACE_COLUMNS, IDENTITY_COLUMNS, read_table, write_table
from vfal.data.voxceleb_layout import list_corpus

from ..tiny_corpus import write_corpus, write_wav


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus", people=3, clips=3, faces=2)


def test_a_tree_is_listed_in_the_order_of_identity_and_path(root: Path) -> None:
    corpus = list_corpus(root, workers=1)
    assert list(corpus.identities) == list(IDENTITY_COLUMNS)
    assert list(corpus.clips) == list(CLIP_COLUMNS) and list(corpus.faces) == list(FACE_COLUMNS)
    assert corpus.identities["identity"].tolist() == ["id10001", "id10002", "id10003"]
    assert corpus.clips["clip"].tolist() == list(range(9))
    assert corpus.clips["path"].is_monotonic_increasing and corpus.faces["path"].is_monotonic_increasing
    first = corpus.clips.iloc[0]
    assert (first["identity"], first["video"]) == ("id10001", "video0")
    assert (first["duration_s"], first["sample_rate_hz"]) == (0.6, 16000)
    assert first["sha256"] == sha256_of(root / first["path"]) and (corpus.clips["problem"] == "").all()
    assert corpus.faces.loc[0, ["identity", "width_px", "height_px"]].tolist() == ["id10001", 48, 48]


def test_workers_and_the_files_of_others_do_not_change_the_list(root: Path) -> None:
    one = list_corpus(root, workers=1)
    (root / "wav" / "notes.txt").write_text("not a recording")
    two = list_corpus(root, workers=2)
    for name in ("identities", "clips", "faces"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))


def test_the_published_folder_of_stills_is_found_by_its_name(root: Path) -> None:
    (root / "faces").rename(root / "VGG_ALL_FRONTAL")
    assert list_corpus(root, workers=1).faces["path"].str.startswith("VGG_ALL_FRONTAL/").all()


def test_files_whose_header_cannot_be_read_stay_with_the_reason(root: Path, tmp_path: Path) -> None:
    (root / "wav/id10001/video0/00000.wav").write_text("text renamed to wav")
    (root / "wav/id10002/video0/00000.wav").write_bytes(b"")
    (root / "faces/Person_001/00000000.jpg").write_text("text renamed to jpg")
    corpus = list_corpus(root, workers=1)
    assert len(corpus.clips) == 9 and len(corpus.faces) == 6
    problems = corpus.clips[corpus.clips["problem"] != ""]
    assert problems["identity"].tolist() == ["id10001", "id10002"]
    assert problems["duration_s"].isna().all() and problems["sample_rate_hz"].isna().all()
    pictures = corpus.faces[corpus.faces["problem"] != ""]
    assert pictures["problem"].tolist() == ["header unreadable: not an image"]
    write_table(tmp_path / "clips.parquet", corpus.clips)
    assert len(read_table(tmp_path / "clips.parquet", CLIP_COLUMNS)) == 9


def test_a_corpus_of_damaged_files_alone_is_still_a_table(root: Path, tmp_path: Path) -> None:
    for path in [*root.rglob("*.wav"), *root.rglob("*.jpg")]:
        path.write_text("text")
    corpus = list_corpus(root, workers=1)
    assert (corpus.clips["problem"] != "").all() and corpus.faces["width_px"].isna().all()
    write_table(tmp_path / "clips.parquet", corpus.clips)


def test_a_picture_that_claims_to_be_gigantic_is_a_problem_not_a_crash(root: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )
    (root / "faces/Person_001/00000009.png").write_bytes(bomb)
    problems = list_corpus(root, workers=1).faces["problem"]
    assert problems[problems != ""].str.contains("decompression bomb").tolist() == [True]


def test_items_of_nobody_in_the_table_of_people_stay_for_validate_to_name(root: Path) -> None:
    write_wav(root / "wav/id99999/video0/00001.wav", 0.5)
    (root / "faces/Nobody").mkdir()
    (root / "faces/Person_000/00000000.jpg").rename(root / "faces/Nobody/00000000.jpg")
    corpus = list_corpus(root, workers=1)
    assert "id99999" in set(corpus.clips["identity"]) and "Nobody" in set(corpus.faces["identity"])
    assert len(corpus.identities) == 3


def test_cells_of_the_table_of_people_are_stripped(root: Path) -> None:
    meta = root / "vox1_meta.csv"
    meta.write_text(meta.read_text().replace("\t", " \t ") + "id10000\tNA\tm\tNA\tdev\n")
    identities = list_corpus(root, workers=1).identities
    assert identities["name"].tolist() == ["NA", "Person_000", "Person_001", "Person_002"]
    assert identities["nationality"].tolist() == ["NA", "Norway", "Norway", "India"]


def test_an_empty_corpus_is_refused_by_the_folder_that_is_empty(root: Path) -> None:
    for path in root.rglob("*.wav"):
        path.unlink()
    with pytest.raises(DataError, match=r"wav: holds no .wav, .* the corpus is empty"):
        list_corpus(root, workers=1)


def test_a_tree_without_stills_or_recordings_or_people_is_refused(root: Path) -> None:
    (root / "faces").rename(root / "aside")
    with pytest.raises(DataError, match="neither faces nor VGG_ALL_FRONTAL is there"):
        list_corpus(root, workers=1)
    (root / "aside").rename(root / "faces")
    (root / "wav").rename(root / "aside")
    with pytest.raises(DataError, match="wav: holds no"):
        list_corpus(root, workers=1)
    (root / "vox1_meta.csv").unlink()
    with pytest.raises(DataError, match=r"vox1_meta.csv: no such file"):
        list_corpus(root, workers=1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("VoxCeleb1 ID\tVGGFace1 ID\tNationality\tSet\n", "Gender missing; found VoxCeleb1 ID"),
        ("VoxCeleb1 ID,VGGFace1 ID,Gender,Nationality\n", "missing; found VoxCeleb1 ID,VGGFace1 ID"),
        ("", "not a tab-separated table"),
    ],
)
def test_a_table_of_people_without_a_column_is_refused(root: Path, text: str, found: str) -> None:
    (root / "vox1_meta.csv").write_text(text)
    with pytest.raises(DataError, match=f"vox1_meta.csv: .*{found}"):
        list_corpus(root, workers=1)


def test_a_recording_at_the_wrong_depth_is_left_aside_by_name(root: Path) -> None:
    write_wav(root / "wav/id10001/00001.wav", 0.5)
    corpus = list_corpus(root, workers=1)
    assert corpus.left_aside == (("wav/id10001/00001.wav", "expected wav/<identity>/<video>/<clip>.wav"),)
    assert len(corpus.clips) == 9
