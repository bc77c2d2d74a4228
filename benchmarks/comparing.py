"""Two or more ways to the same result, timed in turns within one run, and one table of it.

Each round times every way once, so that a burst of other work falls on all of them; what counts is the best
round of each way. Seconds belong to a machine and its load, ratios carry further.
"""

import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from vfal.core.config.params import Params, check, read_raw, with_overrides

REPOSITORY = Path(__file__).resolve().parents[1]
PLAIN = "plain"


@dataclass(frozen=True)
class Row:
    """One comparison: what was done, and the seconds of each way in each round."""

    what: str
    seconds: Mapping[str, list[float]]
    reference: str
    note: str

    def ratio(self, way: str) -> float:
        """How many times faster than the reference, best round against best round."""
        return min(self.seconds[self.reference]) / min(self.seconds[way])


def compare(
    what: str,
    ways: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    reference: str = PLAIN,
    per: Mapping[str, float] | None = None,
    note: str = "",
) -> Row:
    """Time every way once per round. Callers have run each once before, to see that results agree.

    `per` says how many units of work a call of each way does; seconds are those of one unit.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, work in ways.items():
            start = time.perf_counter()
            work()
            seconds[name].append((time.perf_counter() - start) / (per or {}).get(name, 1.0))
    return Row(what, seconds, reference, note)


def show(title: str, rows: list[Row], *, unit: str = "ms") -> None:
    """Print one line per way: its best time in `unit` (ms, s, or units of work per minute), and the ratio."""
    table = Table(title=f"{title}\n{machine()}", title_justify="left", title_style="")
    table.add_column("what")
    table.add_column("way")
    table.add_column(unit, justify="right")
    table.add_column("times faster", justify="right")
    table.add_column("note")
    for row in rows:
        for place, (way, seconds) in enumerate(row.seconds.items()):
            ratio = "1" if way == row.reference else f"{row.ratio(way):.2f}"
            best = min(seconds)
            value = {"ms": best * 1e3, "s": best, "per minute": 60 / best}[unit]
            shown = f"{value:.2f}"
            table.add_row("" if place else row.what, way, shown, ratio, "" if place else row.note)
        table.add_section()
    Console(width=120).print(table)


def machine() -> str:
    """Cores, load and interpreter: what a reader needs to judge the seconds."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load {load:.1f} at the end, Python {platform.python_version()}"


def demo_params(**overrides: object) -> Params:
    """params.yaml as the demo preset has it, whatever the checkout holds now; dots in keys are `__`."""
    raw = with_overrides(read_raw(REPOSITORY / "params.yaml"), read_raw(REPOSITORY / "presets/demo.yaml"))
    return check(with_overrides(raw, {key.replace("__", "."): value for key, value in overrides.items()}))
