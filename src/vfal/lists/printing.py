"""Outcomes and verdicts for people to read."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from vfal.evaluation.intervals import Difference
from vfal.lists.check import Verdict
from vfal.lists.outcome import Outcome

RATIOS = 4  # decimals of numbers, none of which exceeds 1


def print_outcomes(outcomes: Sequence[Outcome], *, level: float) -> None:
    """One table for all lists; notes below it."""
    table = Table(title="", show_edge=False)
    table.add_column("list", overflow="fold")
    table.add_column("metric", overflow="fold")
    for heading in ("value", f"{level:.0%} by people", "by trials", "chance", "trials", "people", "ties"):
        table.add_column(heading, justify="right", no_wrap=True)
    for outcome in outcomes:
        lead = [outcome.name, f"  {outcome.status.split(' (')[0].split(':')[0]}"]
        for place, (metric, record) in enumerate(outcome.records.items()):
            table.add_row(
                lead[place] if place < len(lead) else "",
                metric,
                f"{record['value']:.{RATIOS}f}",
                _interval(record["low"], record["high"]),
                _interval(record["binomial_low"], record["binomial_high"]),
                f"{record['chance']:.{RATIOS}f}",
                f"{record['trials']:,}",
                f"{record['identities']:,}" if record["identities"] else "",
                f"{record['ties']:,}",
            )
        table.add_section()
    console = _console()
    console.print(table)
    for outcome in outcomes:
        for note in outcome.notes:
            console.print(f"{outcome.name}: {note}", markup=False, soft_wrap=True)


def print_differences(found: Mapping[str, Mapping[str, Difference]], against: str, *, level: float) -> None:
    """How much better or worse, with paired intervals; a mark where the interval leaves out zero."""
    table = Table(title=f"minus {against}", title_justify="left", show_edge=False)
    for heading in ("list", "metric"):
        table.add_column(heading, overflow="fold")
    for heading in ("difference", f"{level:.0%} paired", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, metrics in found.items():
        for place, (metric, one) in enumerate(metrics.items()):
            mark = "*" if one.low > 0 or one.high < 0 else ""
            shown = f"{one.value:+.{RATIOS}f}", f"{one.low:+.{RATIOS}f} {one.high:+.{RATIOS}f}"
            table.add_row(name if place == 0 else "", metric, *shown, mark)
        table.add_section()
    _console().print(table)


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=160)


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.{RATIOS}f} {high:.{RATIOS}f}"


def print_verdicts(verdicts: Sequence[Verdict]) -> None:
    """What each list is, its counts, what is known to be wrong with it and what else is."""
    console = Console(soft_wrap=True, highlight=False)
    for verdict in verdicts:
        console.print(f"[bold]{verdict.path.name}[/]  {verdict.format}", end="  ")
        console.print(verdict.status or "", markup=False)
        width = max((len(name) for name in verdict.counts), default=0)
        for name, value in verdict.counts.items():
            shown = f"{value:,}" if isinstance(value, int) else value
            console.print(f"  {name.ljust(width)}  {shown}", markup=False)
        for lead, sentences in (("known", verdict.known), ("DEFECT", verdict.defects)):
            for sentence in sentences:
                console.print(f"  {lead}: {sentence}", markup=False)
        if not (verdict.known or verdict.defects):
            console.print("  no defect found")
