"""The page: one html file that needs nothing else."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from vfal.core.files import read_json, write_text
from vfal.core.paths import MEDIA, PREPARED, REPORTS
from vfal.core.tables import read_table
from vfal.data.media import PackedFaces
from vfal.reporting.curves import evaluated_curve
from vfal.reporting.dropped import votes
from vfal.reporting.entries import CEILING, CHANCE, MAIN
from vfal.reporting.facts import facts
from vfal.reporting.pictures import Album, Group, Retrieved, dropped_groups, retrieved_rows
from vfal.reporting.plots import Plot
from vfal.reporting.plots.style import inline
from vfal.reporting.published import SOURCE, published
from vfal.reporting.report import Report, detection_table
from vfal.reporting.table import (
    column_of,
    difference_rows,
    group_title,
    percent,
    value_rows,
    whole_percent,
)
from vfal.reporting.templates import environment, spans

GAUGES = ("1:2, all", "1:2, same gender", "AUC", "mAP")


@dataclass(frozen=True)
class Mark:
    """An end of a gauge."""

    name: str
    text: str


@dataclass(frozen=True)
class Gauge:
    """One headline number between chance and the ceiling (or 100 %)."""

    heading: str
    direction: str
    value: str
    interval: str
    reached: float
    low: float
    high: float
    ends: tuple[Mark, Mark]


def write_page(report: Report, plots: list[Plot], svgs: Mapping[str, str]) -> None:
    """Write `reports/index.html`."""
    made = environment()
    figures = {
        plot.name: {"plot": plot, "svg": Markup(inline(svgs[plot.name], plot.name))}  # noqa: S704
        for plot in plots
    }
    page = made.get_template("page.html").render(
        css=Markup(made.get_template("page.css").render()),  # noqa: S704
        figures=figures,
        **_tables(report),
        **_pictures(report),
        facts=facts(report.params),
        verdict=_verdict(),
        sentences=report.sentences,
        gauges=gauges(report.tidy),
        truth_known=not report.known.empty,
        main=MAIN,
        edges=(CHANCE, CEILING),
        level=whole_percent(report.params.evaluate.level),
        seeds=report.params.seeds,
        replicates=report.params.evaluate.bootstrap_replicates,
    )
    write_text(REPORTS / "index.html", page + "\n")


def _tables(report: Report) -> dict[str, Any]:
    columns = [column_of(metric) for metric in report.metrics]
    compared = [column for column in columns if not column.smaller_is_better]  # AUC says what EER would
    baseline = report.lineup.baseline
    table = published()
    return {
        "columns": columns,
        "spans": spans,
        "values": value_rows(report.tidy, report.lineup, columns),
        "compared": compared,
        "differences": difference_rows(report.tidy, report.lineup, compared),
        "baseline": report.lineup[baseline].label if baseline else "",
        "detection": detection_table(report) if not report.detection.empty else None,
        "every": every_number(report),
        "source": SOURCE,
        "published_columns": list(table.columns),
        "published_rows": {
            str(name): list(row) for name, row in zip(table.index, table.to_numpy(), strict=True)
        },
    }


def _pictures(report: Report) -> dict[str, list[Retrieved] | dict[str, Group]]:
    album = Album(
        PackedFaces(MEDIA), read_table(PREPARED / "identities.parquet", ["identity", "gender", "nationality"])
    )
    found = evaluated_curve(MAIN, "retrieved")
    voted = votes(report.weights, MAIN)
    personalised = None
    if not report.known.empty:
        personalised = set(report.known.loc[report.known["personalised"], "identity"])
    return {
        "retrieved": retrieved_rows(found, album, report.params) if len(found) else [],
        "groups": dropped_groups(voted, personalised, album, report.params) if len(voted) else {},
    }


def _verdict() -> dict[str, int] | None:
    path = REPORTS / "validate.json"
    if not path.exists():
        return None
    found = read_json(path)
    return {key: int(found[key]) for key in ("success", "rules", "breaches", "checked")}


def gauges(tidy: pd.DataFrame) -> list[Gauge]:
    """The headline numbers of the main method, each on a scale from chance to the ceiling."""
    best = tidy[tidy["entry"] == CEILING].set_index("metric")["value"]
    found = []
    for row in tidy[tidy["entry"] == MAIN].to_dict("records"):
        column = column_of(str(row["metric"]))
        if column.heading not in GAUGES:
            continue
        top = float(best.get(column.metric, 1.0))
        end = "ceiling" if column.metric in best.index else "perfect"

        interval = "" if pd.isna(row["low"]) else f"{percent(row['low'])} to {percent(row['high'])}"
        reached, low, high = _places([row["value"], row["low"], row["high"]], row["chance"], top)
        ends = (Mark("chance", percent(row["chance"])), Mark(end, percent(top)))
        found.append(
            Gauge(
                column.heading,
                column.direction,
                percent(row["value"]),
                interval,
                reached,
                low,
                high,
                ends,
            )
        )
    return found


def _places(values: Iterable[float], chance: float, top: float) -> list[float]:
    """Where values stand between chance (0) and the top (100), kept within."""
    if top <= chance:
        return [0.0 for _ in values]
    shares = (0.0 if pd.isna(value) else (value - chance) / (top - chance) for value in values)
    return [round(100 * min(1.0, max(0.0, share)), 2) for share in shares]


def every_number(report: Report) -> list[dict[str, Any]]:
    """All records of the main method, for the fold-out list at the end."""
    rows = []
    records = report.results[MAIN].records
    for name in sorted(records, key=_natural):
        record = records[name]
        protocol, direction, group, metric = name.split("/")
        rows.append(
            {
                "name": f"{protocol.replace('_', ' ')}, {metric.replace('_', ' ')}",
                "direction": direction,
                "group": group_title(group),
                "value": percent(record["value"]),
                "interval": _interval(record, "low", "high"),
                "binomial": _interval(record, "binomial_low", "binomial_high"),
                "sd": percent(record.get("sd")),
                "chance": percent(record["chance"]),
                "trials": f"{record['trials']:,}",
                "ties": f"{record['ties']:,}",
                "identities": f"{record['identities']:,}",
            }
        )
    return rows


def _natural(name: str) -> list[tuple[int, str]]:
    """A sort key by which 1:10 comes after 1:2."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _interval(record: Mapping[str, Any], low: str, high: str) -> str:
    return "" if record.get(low) is None else f"[{percent(record[low])}, {percent(record[high])}]"
