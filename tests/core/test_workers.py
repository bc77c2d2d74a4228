import functools
import io
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from vfal.core import workers
from vfal.core.errors import MachineError
from vfal.core.workers import only_bar, progress_bar, spread, worker_count

WHO = "__import__('os').getpid()"  # spawned processes cannot import functions of a test module


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_their_tasks(workers: int) -> None:
    factorials = [math.factorial(number) for number in range(20)]
    assert list(spread(math.factorial, range(20), workers=workers, title="factorials")) == factorials


def test_work_is_done_by_other_processes_and_a_handful_of_tasks_by_this_one() -> None:
    assert os.getpid() not in set(spread(eval, [WHO] * 20, workers=2, title="who"))
    assert set(spread(eval, [WHO] * 7, workers=2, title="who")) == {os.getpid()}
    assert list(spread(eval, [], workers=2, title="nothing")) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_exception_reaches_the_caller(workers: int) -> None:
    with pytest.raises(ValueError, match=r"factorial"):
        list(spread(math.factorial, [1, 2, -3, *range(20)], workers=workers, title="factorials"))


def test_zero_asks_for_every_core() -> None:
    assert worker_count(0) == len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    assert worker_count(3) == 3


def test_bars_inside_the_only_one_stay_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = functools.partial(Console, file=io.StringIO(), force_terminal=True)
    monkeypatch.setattr(workers, "Console", lambda stderr: terminal())
    assert not progress_bar().disable
    with only_bar() as bar:
        assert not bar.disable and progress_bar().disable
    assert not progress_bar().disable


CHILD = """
import os, sys, time
from vfal.core.death import die_with_parent
die_with_parent()
print(os.getpid(), flush=True)
time.sleep(60)
"""
PARENT = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {CHILD!r}])
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel call is Linux's")
def test_a_worker_does_not_outlive_a_killed_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        for _ in range(100):
            if not alive(child):
                return
            time.sleep(0.05)
    pytest.fail(f"process {child} lives on")


def alive(process: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    status = Path(f"/proc/{process}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_dask_cluster_does_the_work_when_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
    ) as cluster:
        monkeypatch.setenv("VFAL_DASK_SCHEDULER", cluster.scheduler_address)
        assert list(spread(math.factorial, range(20), workers=1, title="factorials")) == [
            math.factorial(number) for number in range(20)
        ]
        assert os.getpid() not in set(spread(eval, [WHO] * 2, workers=1, title="who"))
        assert set(spread(eval, ["__import__('os').getcwd()"], workers=1, title="where")) == {str(Path.cwd())}
        with pytest.raises(ValueError, match=r"factorial"):
            list(spread(math.factorial, [1, -3], workers=1, title="factorials"))


def test_a_dask_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vfal.core.workers.ANSWER_WITHIN_S", 0.2)
    monkeypatch.setenv("VFAL_DASK_SCHEDULER", "tcp://127.0.0.1:1")
    with pytest.raises(MachineError, match=r"no Dask scheduler answers at 'tcp://127.0.0.1:1'"):
        list(spread(math.factorial, [1, 2], workers=1, title="factorials"))
