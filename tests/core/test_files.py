import errno
import os
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vfal.core.errors import DataError, MachineError
from vfal.core.files import read_json, sha256_of, whole_file, write_json, write_text
from vfal.core.tables import read_table, write_table

Usage = namedtuple("Usage", ["total", "used", "free"])


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(1 << 30, 1 << 30, 0))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "note.txt"
    write_text(path, "grüß\n")
    assert path.read_bytes() == "grüß\n".encode() and names(path.parent) == ["note.txt"]


def test_a_file_is_not_there_before_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    with whole_file(path) as partial:
        partial.write_text("half")
        assert not path.exists() and partial.parent == path.parent
        assert not partial.match("*.txt")  # what lists the folder by its ending does not see it
    assert path.read_text() == "half"


@pytest.mark.parametrize(
    "error", [RuntimeError("broken"), KeyboardInterrupt(), OSError(errno.ENOSPC, "full")]
)
def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "note.txt"
    write_text(path, "old")
    with pytest.raises((type(error), MachineError)), whole_file(path) as partial:
        partial.write_text("half of the n")
        raise error
    assert path.read_text() == "old" and names(tmp_path) == ["note.txt"]


def test_a_full_disk_is_one_sentence_that_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(MachineError, match=r"note.txt: the disk is full") as caught:
        write_text(tmp_path / "note.txt", "text")
    assert "\n" not in str(caught.value) and names(tmp_path) == []


@pytest.mark.parametrize(
    "error",
    [  # what numpy and torch raise on a full disk: no error number in either of them
        OSError("3000000 requested and 262112 written"),
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534"),
    ],
)
def test_a_full_disk_is_told_from_errors_without_a_number(
    tmp_path: Path, full_disk: None, error: Exception
) -> None:
    with pytest.raises(MachineError, match="the disk is full"), whole_file(tmp_path / "array.npy"):
        raise error


def test_safetensors_says_that_the_disk_is_full_before_it_is(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="the disk is full"), whole_file(tmp_path / "model.safetensors"):
        raise Exception("Error while serializing: I/O error: No space left on device (os error 28)")


def test_an_error_of_ours_stays_itself_on_a_full_disk(tmp_path: Path, full_disk: None) -> None:
    with pytest.raises(DataError, match=r"clip 3"), whole_file(tmp_path / "array.npy"):
        raise DataError("clip 3 is broken")


def test_an_error_of_the_block_is_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "a"):
        (tmp_path / "missing").read_text()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise OSError(number, os.strerror(number), str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(MachineError, match=r"note.txt: no access .* Make it and its folder writable"):
        write_text(tmp_path / "reports" / "note.txt", "text")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(MachineError, match=r"no access"):
        write_text(tmp_path / "note.txt", "text")


def test_equal_values_are_equal_json(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": [0.1, None]})
    write_json(tmp_path / "b.json", {"a": [0.1, None], "b": 1})
    assert sha256_of(tmp_path / "a.json") == sha256_of(tmp_path / "b.json")
    assert read_json(tmp_path / "a.json") == {"a": [0.1, None], "b": 1}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_without_a_number_is_refused(tmp_path: Path, value: float) -> None:
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"loss": value})
    assert names(tmp_path) == []


def test_json_that_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a.json: no such file"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_bytes(b'{"a": 1')
    with pytest.raises(DataError, match=r"a.json: not a json file"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"a.json: not a json file"):
        read_json(tmp_path / "a.json")


def test_a_table_comes_back_as_it_was_and_the_same_table_is_the_same_bytes(tmp_path: Path) -> None:
    table = pd.DataFrame({"clip": np.arange(3), "identity": ["a", "b", "b"], "rate": pd.array([1, None, 3])})
    write_table(tmp_path / "a.parquet", table)
    write_table(tmp_path / "b.parquet", table)
    pd.testing.assert_frame_equal(read_table(tmp_path / "a.parquet", ["clip"]), table)
    assert sha256_of(tmp_path / "a.parquet") == sha256_of(tmp_path / "b.parquet")


def test_a_table_that_is_missing_damaged_or_short_of_a_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "clips.parquet"
    with pytest.raises(DataError, match=r"clips.parquet: no such table"):
        read_table(path, [])
    write_table(path, pd.DataFrame({"clip": [1]}))
    with pytest.raises(DataError, match=r"column.s. identity missing; found clip"):
        read_table(path, ["clip", "identity"])
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DataError, match=r"clips.parquet: not a readable parquet file"):
        read_table(path, ["clip"])
