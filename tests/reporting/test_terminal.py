import io
from pathlib import Path

import pytest
from rich.console import Console

from vfal.core.errors import DataError
from vfal.reporting.terminal import print_results

from .conftest import FinishedRun


def test_the_terminal_shows_every_row_and_where_to_look(finished_run: FinishedRun) -> None:
    stream = io.StringIO()
    print_results(Console(file=stream, width=40, highlight=False))
    text = stream.getvalue()
    for words in (
        "Chance",
        "Warm-up only",
        "Full method",
        "Oracle ceiling",
        "reports/index.html",
        "make ui",
        "[",
    ):
        assert words in text
    assert "…" not in text


def test_without_a_run_there_is_nothing_to_print(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="Run `dvc repro compare` first"):
        print_results()
