"""Work spread over processes that never outlive the one that started them."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vfal.core.death import die_with_parent
from vfal.core.errors import MachineError
from vfal.core.ranks import leading

DASK_SCHEDULER = "VFAL_DASK_SCHEDULER"
ANSWER_WITHIN_S = 10

Task = TypeVar("Task")
Result = TypeVar("Result")
_one_is_shown = ContextVar("one_is_shown", default=False)


def give_way() -> None:
    """Let threads that wait for each other sleep instead of spin; to be called before torch is imported.

    Measured with two other busy processes on two cores: the tiny pre-training takes 7.5 s asleep and
    63 s spinning; alone on the machine, 6.8 s and 5.5 s.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def worker_count(asked: int) -> int:
    """The number of processes to use: `asked`, or every core this process may run on when it is 0."""
    return asked or len(os.sched_getaffinity(0)) if sys.platform == "linux" else asked or os.cpu_count() or 1


@contextmanager
def only_bar() -> Iterator[Progress]:
    """A progress bar beside which those of the work inside stay silent: two would write over each other."""
    with progress_bar() as bar:
        before = _one_is_shown.set(True)
        try:
            yield bar
        finally:
            _one_is_shown.reset(before)


def progress_bar() -> Progress:
    """A progress bar on stderr; silent when stderr is not a terminal."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=_one_is_shown.get() or not (console.is_terminal and leading()),
    )


def spread(
    work: Callable[[Task], Result], tasks: Sequence[Task], *, workers: int, title: str, worth: int = 8
) -> Iterator[Result]:
    """Results of `work` over `tasks`, in the order of `tasks`, computed by `workers` processes.

    With one worker, or fewer tasks than are `worth` starting others (which takes them a second or two),
    everything happens in this process. `work` must be a module-level function. The first exception stops
    the rest. Where VFAL_DASK_SCHEDULER names a Dask scheduler (tcp://host:port), its workers do it all.
    """
    scheduler = os.environ.get(DASK_SCHEDULER)
    processes = min(worker_count(workers), len(tasks))
    with progress_bar() as bar:
        handle = bar.add_task(title, total=len(tasks))
        if not scheduler and (processes <= 1 or len(tasks) < worth):
            for task in tasks:
                yield work(task)
                bar.advance(handle)
            return
        with _cluster(scheduler) if scheduler else _pool(processes) as pool:
            chunk = max(1, min(32, len(tasks) // (processes * 8)))
            here = partial(_in_folder, str(Path.cwd()), work) if scheduler else work
            for result in pool.map(here, tasks, chunksize=chunk):
                yield result
                bar.advance(handle)


def _pool(processes: int) -> Executor:
    # spawn, because a fork of a process that already runs threads (torch, arrow) can hang
    return ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=die_with_parent, initargs=(os.getpid(),)
    )


@contextmanager
def _cluster(scheduler: str) -> Iterator[Executor]:
    """The workers of a Dask scheduler; `MachineError` when nobody answers there."""
    from distributed import Client

    try:
        client = Client(scheduler, timeout=ANSWER_WITHIN_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise MachineError(
            f"{DASK_SCHEDULER}: no Dask scheduler answers at '{scheduler}' ({error}). Start one (`dask "
            "scheduler`), or unset the variable."
        ) from None
    with client:
        yield client.get_executor()  # type: ignore[no-untyped-call]


def _in_folder(folder: str, work: Callable[[Task], Result], task: Task) -> Result:
    """`work`, done on another machine: paths are relative to the checkout, which all must see."""
    os.chdir(folder)
    return work(task)
