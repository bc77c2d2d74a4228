"""Everything the report shows, gathered once from disk and written in all its forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from vfal.core.config.params import Params
from vfal.core.files import write_json, write_text
from vfal.core.paths import RAW, REPORTS
from vfal.core.tables import read_table
from vfal.protocol import Evaluation
from vfal.reporting.ceiling import ceiling
from vfal.reporting.dropped import detection, read_weights, with_truth
from vfal.reporting.entries import MAIN, Lineup, line_up
from vfal.reporting.findings import below_baseline, ceiling_sentence, dropping_sentence, weighting_sentence
from vfal.reporting.plots import Plot
from vfal.reporting.plots.style import svg_of
from vfal.reporting.results import Result, headline_metrics, read_result, tidy
from vfal.reporting.table import column_of, difference_rows, markdown, percent, value_rows, whole_percent

RESULTS_CSV = REPORTS / "results.csv"


@dataclass(frozen=True)
class Report:
    """What is known after a run; everything shown is computed from here."""

    params: Params
    lineup: Lineup
    results: Mapping[str, Result]
    oracle: Evaluation | None
    oracle_without: Evaluation | None
    weights: pd.DataFrame
    truth: pd.DataFrame

    @cached_property
    def metrics(self) -> list[str]:
        """Full names of the table's numbers."""
        return headline_metrics(self.results[MAIN].records, self.params.evaluate.groups)

    @cached_property
    def tidy(self) -> pd.DataFrame:
        """A row per entry and number of the table."""
        best = Result(self.oracle.records, {}) if self.oracle else None
        return tidy(self.lineup, self.results, best, self.metrics, level=self.params.evaluate.level)

    @cached_property
    def known(self) -> pd.DataFrame:
        """Identity weights beside the truth."""
        return with_truth(self.weights, self.truth)

    @cached_property
    def detection(self) -> pd.DataFrame:
        """Dropped identities against the truth, a row per weighting rule."""
        return detection(self.known)

    @cached_property
    def sentences(self) -> list[str]:
        """What the run found, in words."""
        without = self.oracle_without.records if self.oracle_without else None
        found = [
            weighting_sentence(self.tidy, self.lineup, self.params),
            ceiling_sentence(self.tidy, without),
            dropping_sentence(self.detection, self.lineup),
        ]
        return [sentence for sentence in found if sentence]


def gather(params: Params) -> Report:
    """Read what the stages before left; a `DataError` names what is missing."""
    lineup = line_up(params)
    truth = read_table(RAW / "truth.parquet", ["identity", "personalised"])
    oracle = ceiling(params, truth)
    return Report(
        params=params,
        lineup=lineup,
        results={entry.name: read_result(REPORTS / "evaluate" / entry.name) for entry in lineup.entries},
        oracle=oracle,
        oracle_without=ceiling(params, truth, without_personalised=True) if oracle else None,
        weights=read_weights(lineup, params.seeds),
        truth=truth,
    )


def write_results(report: Report) -> None:
    """`results.json` (headline numbers for DVC), `results.csv` (with intervals) and `results.md`."""
    values = report.tidy.groupby("entry", sort=False)
    numbers = {str(entry): dict(zip(table["metric"], table["value"], strict=True)) for entry, table in values}
    found = report.detection.set_index("entry").drop(columns="seeds")
    write_json(
        REPORTS / "results.json",
        {
            "matching_and_retrieval": numbers,
            "dropped_identities": {
                str(entry): {key: value for key, value in row.items() if pd.notna(value)}
                for entry, row in found.iterrows()
            },
            "numbers_below_without_weights": len(below_baseline(report.tidy)),
        },
    )
    write_text(RESULTS_CSV, report.tidy.to_csv(index=False, float_format="%.6f"))
    write_text(REPORTS / "results.md", _markdown(report))


def _markdown(report: Report) -> str:
    columns = [column_of(metric) for metric in report.metrics]
    matching = [column for column in columns if column.metric.startswith("matching")]
    rest = [column for column in columns if column not in matching]
    level, seeds = whole_percent(report.params.evaluate.level), ", ".join(map(str, report.params.seeds))
    parts = [
        f"Percent, mean of seeds {seeds}, with {level} intervals from resampling test identities. "
        "v2f: a voice asks for a face; f2v: the reverse.\n"
    ]
    for some in (matching, rest):
        if some:
            rows = value_rows(report.tidy, report.lineup, some)
            header = ["", *(f"{column.heading}, {column.direction}" for column in some)]
            parts.append(markdown(header, [[row.label, *map(str, row.cells)] for row in rows]))
    differences = difference_rows(report.tidy, report.lineup, columns)
    if differences and report.lineup.baseline:
        parts.append(
            f"Difference to *{report.lineup[report.lineup.baseline].label}* in points, paired intervals:\n"
        )
        for some in (matching, rest):
            rows = difference_rows(report.tidy, report.lineup, some)
            header = ["", *(f"{column.heading}, {column.direction}" for column in some)]
            parts.append(markdown(header, [[row.label, *map(str, row.cells)] for row in rows]))
    if not report.detection.empty:
        parts.append("Dropped identities against the truth, mean of seeds, percent:\n")
        parts.append(markdown(*detection_table(report)))
    return "\n".join([*parts, *(f"{sentence}\n" for sentence in report.sentences)])


DETECTION_HEADER = ("", "dropped", "precision", "recall", "base rate", "hardness AUC")


def detection_table(report: Report) -> tuple[list[str], list[list[str]]]:
    """Header and rows of dropped identities against the truth, as text."""
    rows = []
    for found in report.detection.to_dict("records"):
        numbers = [found[key] for key in ("precision", "recall", "base_rate", "hardness_auc")]
        dropped = f"{found['dropped']:.0f} ({percent(found['dropped_ratio'])} %)"
        rows.append(
            [report.lineup[str(found["entry"])].label, dropped, *(percent(one) or "-" for one in numbers)]
        )
    return list(DETECTION_HEADER), rows


def write_plots(plots: list[Plot], folder: Path) -> dict[str, str]:
    """Each plot's csv and svg; returns the svgs by name."""
    svgs = {}
    for plot in plots:
        svgs[plot.name] = svg_of(plot.figure)
        write_text(folder / f"{plot.name}.csv", plot.table.to_csv(index=False, float_format="%.6g"))
        write_text(folder / f"{plot.name}.svg", svgs[plot.name])
    return svgs
