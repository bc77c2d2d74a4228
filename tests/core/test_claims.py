import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vfal.core.claims import claim
from vfal.core.errors import BusyError

HOLDER = """
import sys, time
from vfal.core.claims import claim
claim(sys.argv[1], "made-up GPU")
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VFAL_CLAIMS", str(tmp_path))
    return tmp_path / "vfal-claims"


def hold(key: str, folder: Path) -> "subprocess.Popen[str]":
    """Another process, in another folder, that holds `key`."""
    command = [sys.executable, "-c", HOLDER, key]
    holder = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_second_training_on_a_gpu_is_refused_and_told_by_whom_it_is_held(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with hold("gpu-0", elsewhere) as holder:
        with pytest.raises(BusyError, match=rf"cuda:0: process {holder.pid} .*elsewhere.* is training on it"):
            claim("gpu-0", "cuda:0")
        claim("gpu-1 of this test", "cuda:1")  # another GPU is free
        os.kill(holder.pid, signal.SIGKILL)
    claim("gpu-0", "cuda:0")  # the kernel freed it


def test_a_process_claims_as_often_as_it_likes(claims: Path) -> None:
    claim("gpu-2/strange name", "cuda:2")
    claim("gpu-2/strange name", "cuda:2")
    assert (claims / "gpu-2_strange_name.lock").read_text().startswith(f"process {os.getpid()} (")


def test_the_folder_of_claims_is_for_all_users_of_the_machine(claims: Path) -> None:
    claim("gpu-3", "cuda:3")
    assert claims.stat().st_mode & 0o7777 == 0o1777
    assert (claims / "gpu-3.lock").stat().st_mode & 0o777 == 0o666
