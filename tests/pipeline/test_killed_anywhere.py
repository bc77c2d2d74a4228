"""A run killed anywhere, run again, ends in the same bytes as an undisturbed one."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import BIN, checkout, environment, outputs, run

pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to find the processes of a checkout"),
]

KILLS = 6  # three of dvc, three of the trainer
AFTER_S = (1.0, 12.0)  # where in a run the blow falls; stages end about every 3 s


def processes_in(folder: Path) -> dict[int, str]:
    """Command lines of the live processes whose working directory is `folder`."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "cwd").resolve() == folder.resolve():
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if command:
                    found[int(entry.name)] = command
        except OSError:  # it ended while we looked
            continue
    return found


def kill_one(folder: Path, victim: str) -> None:
    """SIGKILL dvc or one of its stages; nobody may be left a moment later."""
    wanted = [pid for pid, command in processes_in(folder).items() if victim in command]
    for pid in wanted:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def wait_until_alone(folder: Path) -> dict[int, str]:
    """The processes left in `folder`, once there are none or ten seconds have passed."""
    deadline = time.monotonic() + 10
    while (left := processes_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def test_a_map_killed_at_random_moments_ends_in_the_bytes_of_an_undisturbed_one(
    repository: Path, finished: Path, tmp_path: Path
) -> None:
    folder = checkout(repository, tmp_path / "killed")
    when = random.Random(2026)
    for kill in range(KILLS):
        running = subprocess.Popen(
            [str(BIN / "dvc"), "repro"],
            cwd=folder,
            env=environment(folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(when.uniform(*AFTER_S))
        kill_one(folder, "dvc repro" if kill % 2 == 0 else "vfal stage")
        if kill % 2 == 0:
            running.wait()
            assert wait_until_alone(folder) == {}, "a stage outlived its dvc"
        else:
            running.wait()
    done = run(folder, "dvc", "repro")
    assert done.returncode == 0, done.stdout + done.stderr
    expected, found = outputs(finished), outputs(folder)
    assert set(found) == set(expected)
    assert [path for path in expected if found[path] != expected[path]] == []


def test_ctrl_c_leaves_nobody_behind(disturbed: Path) -> None:
    running = subprocess.Popen(
        [str(BIN / "vfal"), "repro", "--force"],
        cwd=disturbed,
        env=environment(disturbed),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(4)
    os.killpg(running.pid, signal.SIGINT)
    running.wait()
    assert wait_until_alone(disturbed) == {}
