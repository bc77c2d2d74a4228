import os
from pathlib import Path

import pytest

from vfal.data.measured import Measured, Measures


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("a.wav", "b.wav", "c.wav")]
    for path in paths:
        path.write_text(path.name)
    return paths


class Probe:
    """Counts what it is asked to open."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def __call__(self, path: Path) -> Measures:
        self.opened.append(path.name)
        return {"text": path.read_text(), "duration_s": None}


def look(place: Path, files: list[Path]) -> tuple[list[str], list[tuple[Path, Measures]]]:
    """What was opened and what was found, on a look that is remembered."""
    measured, probe = Measured(place), Probe()
    found = list(measured.look(files, probe, workers=1, title="look"))
    measured.keep()
    return probe.opened, found


def test_a_file_that_is_as_it_was_is_not_opened_again(tmp_path: Path, files: list[Path]) -> None:
    first = look(tmp_path / "known.json", files)
    assert look(tmp_path / "known.json", files) == ([], first[1])


def test_a_changed_and_a_new_file_are_measured_in_their_place(tmp_path: Path, files: list[Path]) -> None:
    look(tmp_path / "known.json", files[:2])
    files[0].write_text("other")
    opened, found = look(tmp_path / "known.json", files)
    assert opened == ["a.wav", "c.wav"]
    assert [measures["text"] for _, measures in found] == ["other", "b.wav", "c.wav"]


def test_a_file_of_the_same_size_written_later_is_another_file(tmp_path: Path, files: list[Path]) -> None:
    look(tmp_path / "known.json", files)
    files[1].write_text("x.wav")
    os.utime(files[1], ns=(1, 1))
    assert look(tmp_path / "known.json", files)[0] == ["b.wav"]


def test_a_file_that_is_gone_is_forgotten(tmp_path: Path, files: list[Path]) -> None:
    look(tmp_path / "known.json", files)
    look(tmp_path / "known.json", files[:1])
    assert "b.wav" not in (tmp_path / "known.json").read_text()


def test_without_a_place_nothing_is_remembered(files: list[Path]) -> None:
    measured, probe = Measured(), Probe()
    for _ in range(2):
        list(measured.look(files, probe, workers=1, title="look"))
    measured.keep()
    assert len(probe.opened) == 6
