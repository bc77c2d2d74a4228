import os
from pathlib import Path

import pytest

from vfal.dvc_locks import mend_locks

ENTRY = "  {name}:\n    cmd: exec vfal stage {name}\n    outs:\n    - path: data/{name}\n      md5: '1234'\n"
HEAD = "schema: '2.0'\nstages:\n"
WHOLE = HEAD + "".join(ENTRY.format(name=name) for name in ("collect", "train@a", "train@b"))
SHELF = Path("leaderboard/trinet/dvc.lock")


def left_by_a_kill(path: Path, text: str) -> Path:
    """A file that nobody has touched for a while."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (1, 1))
    return path


@pytest.mark.parametrize("lock", [Path("dvc.lock"), SHELF])
@pytest.mark.parametrize("cut", range(len(WHOLE) - 1, len(WHOLE) - 100, -7))
def test_a_lock_cut_anywhere_keeps_the_stages_that_are_whole(tmp_path: Path, lock: Path, cut: int) -> None:
    path = left_by_a_kill(tmp_path / lock, WHOLE[:cut])
    said = mend_locks(tmp_path)
    mended = path.read_text()
    assert WHOLE.startswith(mended) and mended.endswith("\n")
    if mended != WHOLE[:cut]:  # cut at the end of a line it may be a whole file, of a stage without its outs
        assert mended.count("cmd") in (1, 2) and len(said) == 1 and f"{lock}: dvc was killed" in said[0]


def test_a_lock_without_any_whole_stage_goes(tmp_path: Path) -> None:
    paths = [left_by_a_kill(tmp_path / "dvc.lock", HEAD), left_by_a_kill(tmp_path / SHELF, WHOLE[:45])]
    assert len(mend_locks(tmp_path)) == 2
    assert not any(path.exists() for path in paths)


def test_whole_locks_and_folders_without_any_are_left_alone(tmp_path: Path) -> None:
    assert mend_locks(tmp_path) == []
    path = left_by_a_kill(tmp_path / "dvc.lock", WHOLE)
    assert mend_locks(tmp_path) == [] and path.read_text() == WHOLE and path.stat().st_mtime == 1


def test_a_lock_that_is_being_written_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "dvc.lock"
    path.write_text(WHOLE[:-20])
    monkeypatch.setattr("vfal.dvc_locks.time.sleep", lambda seconds: path.write_text(WHOLE))
    assert mend_locks(tmp_path) == [] and path.read_text() == WHOLE
