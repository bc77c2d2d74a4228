"""What a run shows of itself in Prefect: progress, the identity-weight curve, the headline metrics.

They are a courtesy: a server that does not take them is a line in the log.
"""

import base64
import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.logging import get_run_logger

from vfal.core.paths import IDENTITY_WEIGHTS
from vfal.reporting.report import RESULTS_CSV

WIDTH_INCHES, HEIGHT_INCHES, DPI = 6.0, 3.2, 80


class Progress:
    """Stages done of all, as a bar that grows."""

    def __init__(self, of: int) -> None:
        self._of = of
        self._bar: UUID | None = None
        with courtesy("progress"):
            self._bar = _id(
                create_progress_artifact(progress=0.0, key="stages", description=f"0 of {of} stages")
            )

    def show(self, done: int, last: str) -> None:
        """`done` stages are done, `last` was the last one."""
        if self._bar is not None:
            with courtesy("progress"):
                update_progress_artifact(
                    artifact_id=self._bar,
                    progress=100.0 * done / self._of,
                    description=f"{done} of {self._of} stages; last: {last}",
                )


def show_identity_weights() -> None:
    """The share of identities with non-zero weight over steps, one line per seed."""
    files = sorted(IDENTITY_WEIGHTS.glob("weights_*.jsonl"))
    if files:
        with courtesy("identity weights"):
            create_markdown_artifact(
                markdown=_curve_page(files),
                key="identity-weights",
                description="Share of identities with non-zero weight",
            )


def show_headline() -> None:
    """The headline metrics of every model, in percent, as a table."""
    if RESULTS_CSV.exists():
        with courtesy("headline metrics"):
            create_table_artifact(
                table=headline_rows(RESULTS_CSV),
                key="headline-metrics",
                description="Unseen identities, percent [interval]",
            )


def headline_rows(path: Path) -> list[dict[str, str]]:
    """One row per model and metric group of results.csv: heading -> `value [low, high]` in percent."""
    import pandas as pd

    from vfal.reporting.table import column_of
    from vfal.reporting.terminal import SHOWN

    rows: dict[tuple[str, str], dict[str, str]] = {}
    for row in pd.read_csv(path).to_dict("records"):
        entry, column = str(row["entry"]), column_of(str(row["metric"]))
        if column.heading in SHOWN:
            cells = rows.setdefault(
                (entry, column.direction), {"model": entry, "direction": column.direction}
            )
            cells[column.heading] = _percent(*(float(row[key]) for key in ("value", "low", "high")))
    return list(rows.values())


def _percent(value: float, low: float, high: float) -> str:
    return f"{100 * value:.1f}" + ("" if math.isnan(low) else f" [{100 * low:.1f}, {100 * high:.1f}]")


def _curve_page(files: list[Path]) -> str:
    from matplotlib.figure import Figure

    from vfal.training.record import read_curve

    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), layout="constrained")
    axis = figure.subplots()
    lines = ["| seed | updates | steps | kept at the end |", "|---|---|---|---|"]
    for file in files:
        curve, seed = list(read_curve(file)), file.stem.removeprefix("weights_")
        steps, kept = [row["step"] for row in curve], [100 * row["kept_ratio"] for row in curve]
        axis.step(steps, kept, where="post", label=f"seed {seed}")
        lines.append(f"| {seed} | {len(curve)} | {steps[0]} to {steps[-1]} | {kept[-1]:.1f} % |")
    axis.set(xlabel="step", ylabel="% of identities with weight > 0", ylim=(0, 100))
    axis.legend()
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=DPI)
    data = base64.b64encode(picture.getvalue()).decode()
    return "\n".join([f"![identity weights](data:image/png;base64,{data})", "", *lines])


@contextmanager
def courtesy(what: str) -> Iterator[None]:
    """Do something with the server that the run does not depend on; its failure is a line in the log."""
    from prefect.exceptions import PrefectException

    try:
        yield
    except (httpx.HTTPError, PrefectException) as error:
        get_run_logger().warning("%s not shown in Prefect: %s", what, error or type(error).__name__)


def _id(created: Any) -> UUID:
    """The artifact's id; Prefect types its calls as if they might be awaited."""
    return UUID(str(created))
