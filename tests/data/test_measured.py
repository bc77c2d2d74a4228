import os
from collections.abc import Callable
from pathlib import Path

import pytest

from vfal.data.measured import Measured, Measures


class Counting:
    """A probe that counts its calls, and may be killed at one of them."""

    def __init__(self, killed_at: int | None = None) -> None:
        self.paths: list[Path] = []
        self.killed_at = killed_at

    def __call__(self, path: Path) -> Measures:
        if len(self.paths) == self.killed_at:
            raise KeyboardInterrupt
        self.paths.append(path)
        return {"bytes": path.stat().st_size, "problem": "é"}


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"corpus/{number}.wav" for number in range(6)]
    paths[0].parent.mkdir()
    for path in paths:
        path.write_text(path.name)
    return paths


@pytest.fixture
def look(tmp_path: Path, files: list[Path]) -> Callable[..., list[Measures]]:
    def looked(probe: Counting, some: list[Path] | None = None) -> list[Measures]:
        measured = Measured(tmp_path / "memory/a.sqlite")
        found = list(measured.look(some or files, probe, workers=1, title="look"))
        measured.keep()
        return found

    return looked


def test_a_file_is_measured_once_and_again_when_it_changes(
    look: Callable[..., list[Measures]], files: list[Path]
) -> None:
    first, again, changed = Counting(), Counting(), Counting()
    found = look(first)
    assert look(again) == found and again.paths == []
    files[2].write_text("something longer")
    assert look(changed)[2]["bytes"] == 16 and changed.paths == [files[2]]


def test_a_file_of_the_same_size_written_later_is_another_file(
    look: Callable[..., list[Measures]], files: list[Path]
) -> None:
    look(Counting())
    files[1].write_text("x.wav")
    os.utime(files[1], ns=(1, 1))
    again = Counting()
    look(again)
    assert again.paths == [files[1]]


def test_a_look_that_was_cut_short_goes_on_where_it_ended(
    look: Callable[..., list[Measures]], files: list[Path]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        look(Counting(killed_at=5))
    rest = Counting()
    assert len(look(rest)) == 6 and rest.paths == files[5:]


def test_files_that_are_gone_are_forgotten(look: Callable[..., list[Measures]], files: list[Path]) -> None:
    look(Counting())
    look(Counting(), files[:3])
    assert b"5.wav" not in (files[0].parents[1] / "memory/a.sqlite").read_bytes()
    again = Counting()
    look(again)
    assert again.paths == files[3:]


def test_another_probe_remembers_nothing_of_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VFAL_STATE", str(tmp_path))
    Measured.of(tmp_path / "corpus").keep()
    here = {path.name for path in (tmp_path / "measured").iterdir()}
    (tmp_path / "probe.py").write_text("# another")
    monkeypatch.setattr("vfal.data.measured.probe.__file__", str(tmp_path / "probe.py"))
    Measured.of(tmp_path / "corpus").keep()
    assert len({path.name for path in (tmp_path / "measured").iterdir()} - here) == 1
