import os
import time
from pathlib import Path

import pytest
import torch

from vfal.core.state import only_one
from vfal.doctor import leftovers
from vfal.doctor.finding import Visit
from vfal.training.checkpoint import save_tensors

from .conftest import told

PRINT = "0123456789abcdef"


@pytest.fixture
def work(checkout: Path) -> Path:
    """A phase that was broken off, with its checkpoint and a file of tensors."""
    folder = checkout / ".state/retrain" / PRINT
    folder.mkdir(parents=True)
    torch.save({"step": 3, "model": torch.arange(5000)}, folder / "checkpoint.pt")
    save_tensors(folder / "model.safetensors", {"weight": torch.arange(3.0)})
    return folder


def test_unfinished_work_is_listed_with_its_size(visit: Visit, work: Path) -> None:
    assert told(leftovers.checkpoints(visit)) == [("ok", "2 readable")]
    assert told(leftovers.unfinished(visit)) == [("ok", f"retrain/{PRINT} 0.0 MB")]


@pytest.mark.parametrize("name", ["checkpoint.pt", "model.safetensors"])
def test_a_truncated_checkpoint_is_named_and_moved_aside_only_when_asked(
    visit: Visit, repair: Visit, work: Path, name: str
) -> None:
    path = work / name
    path.write_bytes(path.read_bytes()[:-7])
    [finding] = leftovers.checkpoints(visit)
    assert (
        finding.level == "no"
        and finding.found.startswith(f".state/retrain/{PRINT}/{name}: damaged (")
        and path.exists()
    )
    [finding] = leftovers.checkpoints(repair)
    assert finding.level == "done" and not path.exists()
    assert path.with_name(f"{name}.damaged").exists()
    assert told(leftovers.checkpoints(repair)) == [("ok", "1 readable")]


def test_a_checkpoint_with_a_changed_byte_is_damaged(visit: Visit, work: Path) -> None:
    path = work / "checkpoint.pt"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert "checksum" in leftovers.checkpoints(visit)[0].found


def test_half_written_files_of_dead_processes_are_removed_and_those_of_living_ones_kept(
    checkout: Path, visit: Visit, repair: Visit, dead: int
) -> None:
    left, busy = (checkout / "models" / f".seed_1.safetensors.partial-{pid}" for pid in (dead, os.getpid()))
    named = f"models/{left.name}"
    for path in (left, busy):
        path.parent.mkdir(exist_ok=True)
        path.write_text("half")
    assert told(leftovers.temporary_files(visit)) == [("warn", f"left by killed processes: {named}")]
    assert told(leftovers.temporary_files(repair)) == [
        ("done", f"removed what killed processes left: {named}")
    ]
    assert busy.exists() and not left.exists()


def test_temporary_folders_count_as_left_after_a_day(visit: Visit, tmp_path: Path) -> None:
    folder = tmp_path / "temporary/vfal-model-x"
    folder.mkdir()
    assert told(leftovers.temporary_files(visit)) == [("ok", "none")]
    os.utime(folder, (time.time() - 2 * leftovers.DAY_S,) * 2)
    assert told(leftovers.temporary_files(visit)) == [("warn", f"left by killed processes: {folder}")]


def test_the_checkout_of_a_killed_retraining_is_removed_and_that_of_a_running_one_kept(
    checkout: Path, visit: Visit, repair: Visit
) -> None:
    folder = checkout / ".state/retraining"
    folder.mkdir(parents=True)
    assert leftovers.worktrees(visit)[0].level == "warn"
    with only_one("retraining", "scheduled retraining"):
        assert leftovers.worktrees(repair)[0].level == "ok" and folder.exists()
    assert leftovers.worktrees(repair)[0].level == "done" and not folder.exists()
