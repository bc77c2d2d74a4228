from collections.abc import Iterator
from pathlib import Path

import pytest

from vfal.core.files import copy_file, write_text
from vfal.core.ranks import Place, leading, take_place
from vfal.core.state import only_one, remove_work


@pytest.fixture
def following() -> Iterator[None]:
    """This process is the second of two that train together."""
    take_place(Place(rank=1, processes=2, local_rank=1, neighbours=2))
    yield
    take_place(Place())


def test_a_process_by_itself_leads() -> None:
    assert leading()


def test_a_process_that_follows_writes_copies_and_removes_nothing(following: None, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.touch()
    write_text(tmp_path / "new.txt", "text")
    copy_file(tmp_path / "gone already.txt", tmp_path / "copy.txt")
    remove_work(tmp_path)
    assert list(tmp_path.iterdir()) == [kept]


def test_a_process_that_follows_leaves_the_lock_to_the_one_that_leads(
    following: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VFAL_STATE", str(tmp_path))
    with only_one("warm_up", "stage warm_up"), only_one("warm_up", "stage warm_up"):
        assert list(tmp_path.iterdir()) == []
