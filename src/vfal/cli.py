"""The `vfal` command."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vfal.core.config.params import load_params
from vfal.core.errors import VfalError
from vfal.core.paths import PARAMS
from vfal.core.state import only_one
from vfal.core.workers import die_with_parent
from vfal.stages import STAGES

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Voice-face association learning.",
)
_errors = Console(stderr=True, soft_wrap=True, highlight=False)


@app.command()
def stage(
    name: Annotated[str, typer.Argument(help="A stage of dvc.yaml.")],
    item: Annotated[str, typer.Argument(help="Which one, for stages that are repeated.")] = "",
) -> None:
    """Run one stage: what dvc.yaml calls. Use `dvc repro`, which also knows what is stale."""
    die_with_parent()
    if name not in STAGES:
        raise VfalError(f"stage '{name}': no such stage. Known: {', '.join(STAGES)}.")
    params = load_params()
    with only_one(f"{name}-{item}" if item else name, f"stage {name} {item}".strip()):
        run = import_module(f"vfal.stages.{name}").run
        run(params, item) if item else run(params)


@app.command()
def preset(name: Annotated[str, typer.Argument(help="tiny, demo or full.")]) -> None:
    """Write a preset's values into params.yaml, comments kept."""
    from vfal.presets import apply_preset

    changed = apply_preset(name, PARAMS)
    for key, value in changed.items():
        typer.echo(f"{key}: {value}")
    typer.echo(f"params.yaml now holds preset '{name}' ({len(changed)} keys changed).")


@app.command()
def doctor() -> None:
    """Check parameters, tools and disk before any work; exit 1 when something would fail."""
    from vfal.doctor import examine

    raise typer.Exit(examine(Path.cwd()))


@app.command()
def methods() -> None:
    """The methods on the shelf: name, year, venue, needs, tasks."""
    from rich.table import Table

    from vfal.methods import SHELF, get_method

    table = Table("method", "year", "venue", "needs", "tasks")
    for name in SHELF:
        card = get_method(name).card
        table.add_row(
            name, str(card.year), card.venue, ", ".join(sorted(card.needs)), ", ".join(sorted(card.tasks))
        )
    Console().print(table)


@app.command()
def sync() -> None:
    """Mirror the runs on disk to MLflow and register the model. A dead server is a note, not a failure."""
    from vfal.tracking.mirror import sync as mirror

    typer.echo(mirror(load_params()))


@app.command()
def report() -> None:
    """The result table of the last run, and where to look."""
    from vfal.reporting.terminal import print_results

    print_results()


def main() -> None:
    """Run the command; an error of ours is one message and exit code 1, anything else keeps its traceback."""
    try:
        app(standalone_mode=False)
    except VfalError as error:
        _errors.print(f"[bold red]{type(error).__name__}[/]: ", end="")
        _errors.print(str(error), markup=False)
        sys.exit(1)
    except typer.Exit as exit_:
        sys.exit(exit_.exit_code)
