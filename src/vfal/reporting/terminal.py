"""The result table in the terminal."""

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vfal.core.errors import DataError
from vfal.core.paths import REPORTS
from vfal.reporting.entries import CEILING, CHANCE, MAIN, Lineup, entry_of
from vfal.reporting.report import RESULTS_CSV
from vfal.reporting.table import Cell, Column, column_of, value_rows

SHOWN = ("1:2, all", "1:2, same gender", "AUC", "mAP")
NARROWEST = 110  # columns; a narrower terminal wraps lines instead of cutting numbers off


def print_results(console: Console | None = None) -> None:
    """Print the table of the last run and where to look; a `DataError` when there was none."""
    console = console or Console(highlight=False)
    if console.width < NARROWEST:
        console = Console(
            file=console.file, width=NARROWEST, highlight=False, force_terminal=console.is_terminal
        )
    console.print(result_table(_read()))
    page = (REPORTS / "index.html").absolute()
    console.print(
        Text.assemble("Report: ", (str(page), "bold"), "   Runs and model: ", ("make ui", "bold")),
        soft_wrap=True,
    )


def _read() -> pd.DataFrame:
    try:
        return pd.read_csv(RESULTS_CSV)
    except FileNotFoundError:
        raise DataError(f"{RESULTS_CSV}: no such file. Run `dvc repro compare` first.") from None
    except ValueError as error:
        raise DataError(f"{RESULTS_CSV}: not a csv table ({error}). Run `dvc repro -f compare`.") from error


def result_table(tidy: pd.DataFrame) -> Table:
    """Headline numbers in percent with intervals: upper line voice to face, lower line face to voice."""
    lineup = Lineup(tuple(entry_of(name, {}, "none") for name in dict.fromkeys(tidy["entry"])), None)
    columns = [column for column in map(column_of, dict.fromkeys(tidy["metric"])) if column.heading in SHOWN]
    headings = list(dict.fromkeys(column.heading for column in columns))
    table = Table(
        title=r"Unseen identities, percent \[interval]; upper line v2f, lower line f2v",
        title_justify="left", title_style="bold", show_lines=True,
    )  # fmt: skip
    table.add_column("")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in value_rows(tidy, lineup, columns):
        cells = [_stacked(heading, columns, row.cells) for heading in headings]
        style = "bold" if row.name == MAIN else "dim" if row.name in (CHANCE, CEILING) else ""
        table.add_row(row.label, *cells, style=style)
    return table


def _stacked(heading: str, columns: list[Column], cells: tuple[Cell, ...]) -> str:
    lines = [str(cell) for column, cell in zip(columns, cells, strict=True) if column.heading == heading]
    return "\n".join(line.replace("[", r"\[") for line in lines)
