"""What the commands of this package share: an error of ours is one sentence and exit code 1."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import typer
from rich.console import Console

from vfal.core.errors import VfalError

_errors = Console(stderr=True, soft_wrap=True, highlight=False)


def run_command(command: Callable[..., Any]) -> None:
    """Run a typer command; a `VfalError` is one message and exit code 1."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    without_traces()
    try:
        app()
    except VfalError as error:
        _errors.print(f"[bold red]{type(error).__name__}[/]: ", end="")
        _errors.print(str(error), markup=False)
        sys.exit(1)


def without_traces() -> None:
    """Let Prefect's log name an error of ours without the trace of the code that found it."""
    for name in ("prefect.flow_runs", "prefect.task_runs", "prefect.engine"):
        logger = logging.getLogger(name)
        if _bare not in logger.filters:
            logger.addFilter(_bare)


def _bare(record: logging.LogRecord) -> bool:
    if record.exc_info and isinstance(record.exc_info[1], VfalError):
        record.exc_info = None
    return True
