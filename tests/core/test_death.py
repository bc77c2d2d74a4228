import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG and pidfd are Linux's")

STAGE = """
import sys, time
from pathlib import Path
from vfal.core.death import die_with_starter
die_with_starter()
Path(sys.argv[1]).write_text("at work")
time.sleep(60)
"""
# `:` keeps every shell in between; without it some become the command.
STARTER = "import subprocess, sys; subprocess.run(['/bin/sh', '-c', sys.argv[1]])"


def alive(command: str) -> bool:
    """Whether a process has `command` in its command line."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if command in (entry / "cmdline").read_bytes().decode(errors="replace"):
                    return True
            except OSError:  # it ended while we looked
                continue
    return False


@pytest.mark.parametrize("end", ["", "; :"])
def test_a_stage_dies_with_the_process_that_started_it_through_a_shell(tmp_path: Path, end: str) -> None:
    script, sign = tmp_path / "stage.py", tmp_path / "sign"
    script.write_text(STAGE)
    command = f"{sys.executable} {script} {sign}{end}"
    starter = subprocess.Popen([sys.executable, "-c", STARTER, command])
    while not sign.exists():
        assert starter.poll() is None
        time.sleep(0.02)
    starter.kill()
    starter.wait()
    deadline = time.monotonic() + 20
    while alive(str(script)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(str(script))
