"""The `vfal` command."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vfal import list_commands
from vfal.core.config.params import load_params
from vfal.core.errors import ConfigError, VfalError
from vfal.core.files import machine_error
from vfal.core.paths import PARAMS
from vfal.core.shelf import nearest
from vfal.core.state import only_one
from vfal.core.switches import switch_off
from vfal.core.workers import give_way
from vfal.stages import LEADERBOARD, REPEATED, STAGES, TRAINING
from vfal.tracking.system import watched

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Voice-face association learning.",
)
list_commands.add_to(app)
_errors = Console(stderr=True, soft_wrap=True, highlight=False)


@app.command()
def stage(
    name: Annotated[str, typer.Argument(help="A stage of dvc.yaml.")],
    item: Annotated[str, typer.Argument(help="Which one, for stages that are repeated.")] = "",
) -> None:
    """Run one stage: what dvc.yaml calls. Use `dvc repro`, which also knows what is stale."""
    if name not in (known := (*STAGES, *LEADERBOARD)):
        raise ConfigError(f"stage '{name}': no such stage. {nearest(name, known)}")
    if bool(item) != (name in REPEATED):
        raise ConfigError(
            f"stage '{name}': found item '{item}', expected {'none' if item else 'a name of a model'}."
        )
    params = load_params()
    address, every_s = f"{name}@{item}" if item else name, params.tracking.sample_every_s

    def work() -> None:
        with only_one(address.replace("@", "-"), f"stage {name} {item}".strip()), watched(address, every_s):
            run = import_module(f"vfal.stages.{name}").run
            run(params, item) if item else run(params)

    if name in TRAINING and params.machine.strategy == "distributed":
        from vfal.training.launching import run_together

        run_together(params.machine, ["stage", name, *([item] if item else [])], work)
    else:
        work()


@app.command()
def repro(
    targets: Annotated[list[str] | None, typer.Argument(help="Stages; all when none is named.")] = None,
    force: Annotated[bool, typer.Option(help="Run every stage, stale or not.")] = False,
) -> None:
    """Run what is stale, mirror the runs to MLflow, print the result table: what `make repro` calls."""
    from vfal.repro import run_everything

    run_everything([*(targets or []), *(["--force"] if force else [])])


@app.command()
def leaderboard(
    jobs: Annotated[int, typer.Option(min=1, help="Models at work side by side.")] = 2,
    only: Annotated[
        list[str] | None, typer.Option(help="This model alone; may be given several times.")
    ] = None,
) -> None:
    """Train and evaluate every model of the shelf, and put them in one table: `make leaderboard`."""
    from vfal.leaderboard import run_leaderboard

    run_leaderboard(jobs, only or ())


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
def tune(
    trials: Annotated[int, typer.Option(min=0, help="How many to add; 0: up to tune.trials in all.")] = 0,
    show: Annotated[bool, typer.Option("--show", help="Run nothing; print the study.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Run nothing; write the winner.")] = False,
) -> None:
    """Tune the keys of `tune.space` on validation identities; the winner is a diff of params.yaml."""
    from vfal.tuning import study

    if sum((trials > 0, show, apply)) > 1:
        raise ConfigError("vfal tune: --trials, --show and --apply exclude each other.")
    study.show() if show else study.apply() if apply else study.tune(trials)


@app.command()
def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Repair what cannot lose anything.")] = False,
) -> None:
    """Check everything a run depends on, and say what to do about it; exit 1 when something fails."""
    from vfal.doctor.examine import examine

    raise typer.Exit(examine(Path.cwd(), fix=fix))


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
    from vfal.tracking.studies import mirror_studies

    if follow:
        from vfal.tracking.live import follow as follow_on

        follow_on(typer.echo)
        return
    params = load_params()
    for said in (mirror(params, again=again), *mirror_studies(params)):
        typer.echo(said)


@app.command()
def promote(
    scheduled: Annotated[bool, typer.Option(help="Leave alone what a person has rolled back.")] = False,
) -> None:
    """Judge this checkout's model against the champion on people neither has seen; move the aliases."""
    from vfal.promotion.promoting import promote as decide
    from vfal.promotion.records import as_markdown

    typer.echo(as_markdown(decide(load_params(), scheduled=scheduled)))


@app.command()
def rollback(
    reason: Annotated[str, typer.Option(help="Why; it goes on the version that loses.")] = "by hand",
) -> None:
    """Let the champion before this one answer again."""
    from vfal.promotion.rollback import roll_back

    typer.echo(roll_back(load_params(), reason).reason)


@app.command()
def forget(
    identity: Annotated[str, typer.Argument(help="Who: an identity, or the name of its faces.")],
    reason: Annotated[str, typer.Option(help="Kept in withdrawn.csv.")] = "consent withdrawn",
) -> None:
    """Somebody withdraws: out of the next retraining; which models were trained with them."""
    from vfal.promotion.withdrawal import forget as withdraw
    from vfal.promotion.withdrawal import print_holdings

    print_holdings(*withdraw(load_params(), identity, reason))


@app.command()
def report() -> None:
    """The result table of the last run, and where to look."""
    from vfal.reporting.terminal import print_results

    print_results()


@app.command()
def match(
    probe: Annotated[Path, typer.Argument(help="A recording, or a picture.")],
    candidates: Annotated[list[Path], typer.Argument(help="Pictures for a recording, or recordings.")],
    model: Annotated[
        str, typer.Option(help="models:/<name>@<alias> or a folder; what is trained here when left out.")
    ] = "",
) -> None:
    """Rank candidates by how well they fit a voice or a face; with one, verify it."""
    from vfal.serving.scorer import Scorer
    from vfal.serving.terminal import print_match
    from vfal.tracking.fetch import model_folder

    with model_folder(model, load_params()) as folder:
        print_match(Scorer(folder), [probe, *candidates])


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
