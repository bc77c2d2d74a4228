"""The `vfal` command."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vfal.core.config.params import load_params
from vfal.core.errors import ConfigError, VfalError
from vfal.core.files import machine_error
from vfal.core.paths import PARAMS
from vfal.core.shelf import nearest
from vfal.core.state import only_one
from vfal.core.switches import switch_off
from vfal.core.workers import give_way
from vfal.stages import REPEATED, STAGES
from vfal.tracking.system import watched

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
    if name not in STAGES:
        raise ConfigError(f"stage '{name}': no such stage. {nearest(name, STAGES)}")
    if bool(item) != (name in REPEATED):
        raise ConfigError(
            f"stage '{name}': found item '{item}', expected {'none' if item else 'a name of a model'}."
        )
    params = load_params()
    address, every_s = f"{name}@{item}" if item else name, params.tracking.sample_every_s
    with only_one(address.replace("@", "-"), f"stage {name} {item}".strip()), watched(address, every_s):
        run = import_module(f"vfal.stages.{name}").run
        run(params, item) if item else run(params)


@app.command()
def repro(
    targets: Annotated[list[str] | None, typer.Argument(help="Stages; all when none is named.")] = None,
    force: Annotated[bool, typer.Option(help="Run every stage, stale or not.")] = False,
) -> None:
    """Run what is stale, mirror the runs to MLflow, print the result table: what `make repro` calls."""
    from vfal.repro import run_everything

    run_everything([*(targets or []), *(["--force"] if force else [])])


@app.command()
def ui(port: Annotated[int, typer.Option(help="On 127.0.0.1.")] = 5000) -> None:
    """Open MLflow's pages on 127.0.0.1 until Ctrl-C."""
    from vfal.tracking.ui import serve

    serve(load_params().tracking.uri, port)


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
def sync(
    again: Annotated[bool, typer.Option(help="Look at every run, also when nothing has changed.")] = False,
    follow: Annotated[bool, typer.Option(help="Go on until Ctrl-C, with curves as they grow.")] = False,
) -> None:
    """Mirror the runs on disk to MLflow and register the model. A dead server is a note, not a failure."""
    from vfal.tracking.mirror import sync as mirror

    if follow:
        from vfal.tracking.live import follow as follow_on

        follow_on(typer.echo)
    else:
        typer.echo(mirror(load_params(), again=again))


@app.command()
def report() -> None:
    """The result table of the last run, and where to look."""
    from vfal.reporting.terminal import print_results

    print_results()


@app.command()
def data_docs() -> None:
    """Great Expectations' own pages about the prepared corpus, in .state/data_docs (they want a CDN)."""
    from vfal.core.paths import state_folder
    from vfal.stages.validate import judge_corpus
    from vfal.validation.report import write_data_docs

    for page in write_data_docs(judge_corpus(load_params()), state_folder() / "data_docs"):
        typer.echo(page)


@app.command()
def docs() -> None:
    """Refresh the map and the result table in README.md."""
    from vfal.readme import refresh

    refresh()


def main() -> None:
    """Run the command; an error of ours is one message and exit code 1, anything else keeps its traceback."""
    switch_off()
    give_way()
    try:
        app(prog_name="vfal")
    except (VfalError, OSError) as error:
        ours = machine_error(error, error.filename or Path.cwd()) if isinstance(error, OSError) else error
        if not isinstance(ours, VfalError):
            raise
        _errors.print(f"[bold red]{type(ours).__name__}[/]: ", end="")
        _errors.print(str(ours), markup=False)
        sys.exit(1)
