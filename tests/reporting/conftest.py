"""One fake finished run, compared once, that every test of the report may read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from vfal.core.config.params import Params
from vfal.stages import compare

from .fake_layout import make_layout, small_params


@dataclass(frozen=True)
class FinishedRun:
    folder: Path
    params: Params


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@pytest.fixture(scope="session")
def compared(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    run = FinishedRun(tmp_path_factory.mktemp("finished_run"), small_params(repository))
    with inside(run.folder):
        make_layout(run.params)
        compare.run(run.params)
    return run


@pytest.fixture
def finished_run(compared: FinishedRun, monkeypatch: pytest.MonkeyPatch) -> FinishedRun:
    monkeypatch.chdir(compared.folder)
    return compared
