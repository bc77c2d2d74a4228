"""The result table as cells of text, whatever they are then written to: markdown, html or a terminal."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vfal.reporting.entries import Lineup

GROUPS = {"all": "all", "same_gender": "same gender", "same_nationality": "same nationality"}
_HEADINGS = {"auc": "AUC", "eer": "EER", "map": "mAP"}


@dataclass(frozen=True)
class Cell:
    """A number in percent with its interval, as text; `note` stands beside it, `mark` is better or worse."""

    value: str = ""
    interval: str = ""
    note: str = ""
    mark: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.value, self.interval, self.note) if part) or "-"


@dataclass(frozen=True)
class Column:
    """A column of the table: the metric's full name, a heading shared by both directions, the direction."""

    metric: str
    heading: str
    direction: str

    @property
    def smaller_is_better(self) -> bool:
        """Whether a fall is a gain."""
        return self.metric.endswith(("/eer", "/min_dcf"))


@dataclass(frozen=True)
class Row:
    """One entry's cells, in the order of the columns."""

    name: str
    label: str
    meaning: str
    cells: tuple[Cell, ...]


def column_of(metric: str) -> Column:
    """How a metric's full name is headed: `matching_1_2/v2f/same_gender/accuracy` is 1:2, same gender."""
    protocol, direction, group, measure = metric.split("/")
    if protocol.startswith("matching_1_"):
        heading = f"1:{protocol.removeprefix('matching_1_')}, {group_title(group)}"
    elif protocol.startswith("joint_"):
        task = "1:2" if measure == "accuracy" else _HEADINGS.get(measure, measure)
        heading = f"joint {task}, {_sizes(protocol)}" + ("" if group == "all" else f", {group_title(group)}")
    else:
        heading = _HEADINGS.get(measure, measure) + ("" if group == "all" else f", {group_title(group)}")
    return Column(metric, heading, direction)


def _sizes(protocol: str) -> str:
    """How many items stand for a person: `joint_matching_v20_f5` is 20 voices, 5 faces."""
    voices, _, faces = protocol.split("_", 2)[2][1:].partition("_f")
    if not faces:
        return f"m = {voices}"
    return f"{voices} voice{'s' * (voices != '1')}, {faces} face{'s' * (faces != '1')}"


def group_title(group: str) -> str:
    """What a group is called in headings; one without a title keeps its name."""
    return GROUPS.get(group, group)


def percent(value: float | None) -> str:
    """A ratio in percent with one decimal; nothing for a missing one."""
    return "" if value is None or np.isnan(value) else f"{100 * value:.1f}"


def whole_percent(value: float) -> str:
    """A ratio in whole percent, with the sign."""
    return f"{100 * value:.0f} %"


def points(value: float) -> str:
    """A difference of ratios in percentage points, with its sign."""
    return f"{100 * value:+.1f}"


def value_rows(tidy: pd.DataFrame, lineup: Lineup, columns: Sequence[Column]) -> list[Row]:
    """The table of values: `84.1 [82.0, 86.1]`, mean average precision also as multiples of chance."""
    return _rows(tidy, lineup, columns, _value_cell)


def difference_rows(tidy: pd.DataFrame, lineup: Lineup, columns: Sequence[Column]) -> list[Row]:
    """Differences to the baseline in points, of the entries that have one."""
    return _rows(tidy[tidy["difference"].notna()], lineup, columns, difference_cell)


def _rows(
    tidy: pd.DataFrame, lineup: Lineup, columns: Sequence[Column], cell_of: Callable[[Any, Column], Cell]
) -> list[Row]:
    rows = []
    for name in dict.fromkeys(tidy["entry"]):
        found = tidy[tidy["entry"] == name].set_index("metric").to_dict("index")
        cells = tuple(
            cell_of(found[column.metric], column) if column.metric in found else Cell() for column in columns
        )
        rows.append(Row(name, lineup[name].label, lineup[name].meaning, cells))
    return rows


def _value_cell(found: Mapping[str, Any], column: Column) -> Cell:
    interval = "" if pd.isna(found["low"]) else f"[{percent(found['low'])}, {percent(found['high'])}]"
    times = found["value"] / found["chance"] if column.metric.endswith("/map") and found["chance"] else 1.0
    return Cell(percent(found["value"]), interval, "" if times == 1.0 else f"{times:.1f}x")


def difference_cell(found: Mapping[str, Any], column: Column) -> Cell:
    """A difference in points with its interval, marked where that lies on one side of 0."""
    low, high = found["difference_low"], found["difference_high"]
    mark = ""
    if low > 0 or high < 0:
        mark = "better" if (low > 0) != column.smaller_is_better else "worse"
    return Cell(points(found["difference"]), f"[{points(low)}, {points(high)}]", mark=mark)


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table with its columns aligned in the source too; all but the first are right-aligned."""
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(3, *(len(line[place]) for line in lines)) for place in range(len(header))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in (lines[0], rule, *lines[1:])
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in padded)
