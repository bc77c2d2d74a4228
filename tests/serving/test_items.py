import os
from pathlib import Path

import pytest

from vfal.core.errors import DataError
from vfal.serving.items import ROOT, item_bytes, media_root

from ..tiny_params import tiny_params

LIMITS = tiny_params(serve__most_bytes={"voice": 10, "face": 10}).serve


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    (folder / "people").mkdir(parents=True)
    (folder / "people/ann.wav").write_bytes(b"content")
    (folder / "large.wav").write_bytes(bytes(11))
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "link.wav").symlink_to(tmp_path / "secret")
    (folder / "circle.wav").symlink_to(folder / "circle.wav")
    return folder


def read(text: str, root: Path | None) -> bytes:
    return item_bytes(text, "voice", "row 3, voice", LIMITS, root)


def test_a_path_is_read_below_the_media_folder(root: Path) -> None:
    assert read("file:people/ann.wav", root) == b"content"
    assert read("file:people/../people/ann.wav", root) == b"content"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../secret", "leads out of the folder that the server may read"),
        ("people/../../secret", "leads out of the folder that the server may read"),
        ("{outside}", "leads out of the folder that the server may read"),
        ("link.wav", "leads out of the folder that the server may read"),
        ("circle.wav", "circle.wav'"),
        ("people", "no such file in the folder that the server may read"),
        ("bob.wav", "no such file in the folder that the server may read"),
        ("", "no such file in the folder that the server may read"),
        ("a\0b", "cannot be read (embedded null byte)"),
        ("a" * 5000, "cannot be read (File name too long)"),
        ("large.wav", "found 11 bytes, expected at most 10"),
    ],
)
def test_nothing_else_is_read(root: Path, name: str, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        read(f"file:{name.format(outside=root.parent / 'secret')}", root)
    assert str(caught.value).startswith("row 3, voice: ") and reason in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_pipe_is_no_file(root: Path) -> None:
    os.mkfifo(root / "pipe.wav")
    with pytest.raises(DataError, match="no such file"):
        read("file:pipe.wav", root)


def test_paths_are_refused_unless_the_environment_names_a_folder(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ROOT, raising=False)
    assert media_root() is None
    with pytest.raises(DataError, match=f"{ROOT} is not set"):
        read("file:people/ann.wav", media_root())
    monkeypatch.setenv(ROOT, str(root))
    assert read("file:people/ann.wav", media_root()) == b"content"
    monkeypatch.setenv(ROOT, str(root / "unplugged"))
    with pytest.raises(DataError, match="cannot be read"):
        read("file:people/ann.wav", media_root())


def test_base64_is_measured_before_it_is_unpacked() -> None:
    assert read("MDEyMzQ1Njc4OQ==", None) == b"0123456789"
    with pytest.raises(DataError, match="found 11 bytes, expected at most 10"):
        read("MDEyMzQ1Njc4OUE=", None)
    for text in ("MDEyMzQ", "äöü", "MDEy MzQ1!"):
        with pytest.raises(DataError, match="neither base64"):
            read(text, None)
