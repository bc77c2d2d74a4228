import os
import subprocess
import sys
from pathlib import Path

import pytest

import vfal
from vfal.core import state
from vfal.core.errors import BusyError, DataError
from vfal.core.paths import state_folder
from vfal.core.state import fingerprint, only_one, work_folder


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VFAL_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def inputs(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "media"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "faces.npy").write_bytes(b"faces")
    (tmp_path / "clips.parquet").write_bytes(b"clips")
    return [folder, tmp_path / "clips.parquet"]


def test_the_same_work_has_the_same_fingerprint(inputs: list[Path]) -> None:
    first = fingerprint("warm_up", {"steps": 10, "rate": 0.1}, inputs)
    assert first == fingerprint("warm_up", {"rate": 0.1, "steps": 10}, inputs)
    assert len(first) == 16 and int(first, 16) >= 0


def test_a_changed_stage_or_parameter_changes_the_fingerprint(inputs: list[Path]) -> None:
    prints = {
        fingerprint("warm_up", {"steps": 10}, inputs),
        fingerprint("retrain", {"steps": 10}, inputs),
        fingerprint("warm_up", {"steps": 11}, inputs),
        fingerprint("warm_up", {"steps": 10, "seed": 1}, inputs),
    }
    assert len(prints) == 4


@pytest.mark.parametrize("change", ["bytes", "same size", "new file", "other name", "gone"])
def test_changed_inputs_change_the_fingerprint(inputs: list[Path], change: str) -> None:
    before = fingerprint("warm_up", {}, inputs)
    file = inputs[0] / "deep" / "faces.npy"
    match change:
        case "bytes":
            file.write_bytes(b"other faces")
        case "same size":
            status = file.stat()
            file.write_bytes(b"FACES")
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
        case "new file":
            (inputs[0] / "voices.npy").write_bytes(b"")
        case "other name":
            file.rename(file.with_name("voices.npy"))
        case "gone":
            file.unlink()
    assert fingerprint("warm_up", {}, inputs) != before


def test_inputs_moved_to_another_folder_keep_their_fingerprint(inputs: list[Path], tmp_path: Path) -> None:
    before = state._content(inputs[0])
    inputs[0].rename(tmp_path / "elsewhere")
    assert state._content(tmp_path / "elsewhere") == before


def test_a_file_is_read_again_only_when_it_changed(
    inputs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint("warm_up", {}, inputs)
    monkeypatch.setattr(state, "sha256_of", lambda path: pytest.fail(f"{path} is read again"))
    assert fingerprint("warm_up", {}, inputs) == before


def test_a_changed_line_of_code_changes_the_fingerprint(
    inputs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "vfal"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "metrics.py").write_text("CHANCE = 0.5\n")
    monkeypatch.setattr(vfal, "__file__", str(package / "__init__.py"))
    before = fingerprint("warm_up", {}, inputs)
    (package / "metrics.py").write_text("CHANCE = 0.6\n")
    assert fingerprint("warm_up", {}, inputs) != before


def test_an_input_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"features: no such input"):
        fingerprint("warm_up", {}, [tmp_path / "features"])


def test_unfinished_work_lies_outside_the_outputs(own_state: Path) -> None:
    folder = work_folder("retrain", "0123456789abcdef")
    assert folder == own_state / "retrain" / "0123456789abcdef" and folder.is_dir()
    assert state_folder() == own_state


HOLD = """
import sys
from vfal.core.state import only_one
with only_one("repro", "vfal repro"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_has_died() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        for _ in range(2):  # being refused does not take the holder's name away
            with (
                pytest.raises(BusyError, match=f"vfal repro: process {holder.pid} is at it already"),
                only_one("repro", "vfal repro"),
            ):
                pytest.fail("two at once")
        with only_one("retrain", "stage retrain"):
            pass
        holder.kill()
        holder.wait()
        with only_one("repro", "vfal repro"):
            pass


def test_a_lock_is_free_again_when_its_block_has_failed() -> None:
    with pytest.raises(ValueError), only_one("repro", "vfal repro"):
        raise ValueError
    with only_one("repro", "vfal repro"):
        pass
