"""How every plot looks, as files and inside the page."""

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

INK, FAINT, LINE, PAPER = "#1d2126", "#5f6771", "#d9dde2", "#fefefd"
BLUE, ORANGE, GREEN, PURPLE, RED, GREY = "#1f5fa6", "#c2601a", "#2a7d4f", "#7a4bab", "#b5304a", "#7b838d"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, RED, GREY)

# The page gives each of these a light and a dark value; a file on its own has the light one.
VARIABLES = {
    INK: "ink", FAINT: "faint", LINE: "line", PAPER: "card",
    BLUE: "blue", ORANGE: "orange", GREEN: "green", PURPLE: "purple", RED: "red", GREY: "grey",
}  # fmt: skip

_LOOK: Any = {
    "svg.hashsalt": "vfal",  # ids by content: equal figures are equal bytes
    "svg.fonttype": "path",
    "path.simplify": False,
}
PANEL_HEIGHT = 2.9  # inch
WIDTH = 10.6


def panels(count: int, *, height: float = PANEL_HEIGHT, share_y: bool = False) -> tuple[Figure, list[Axes]]:
    """An empty figure with `count` panels side by side."""
    figure = Figure(
        figsize=(WIDTH, height), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.06), facecolor=PAPER
    )
    axes = figure.subplots(1, count, sharey=share_y, squeeze=False)[0]
    for axis in axes:
        _dress(axis)
    return figure, list(axes)


def _dress(axis: Axes) -> None:
    axis.set_facecolor(PAPER)
    axis.grid(visible=True, color=LINE, linewidth=0.7)
    axis.set_axisbelow(True)
    axis.tick_params(colors=FAINT, labelsize=8, length=0, pad=4)
    for side, spine in axis.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(FAINT)
        spine.set_linewidth(0.8)


def label(axis: Axes, title: str, x: str, y: str = "") -> None:
    """Title on the left, axis names small."""
    axis.set_title(title, loc="left", fontsize=9.5, color=INK, fontweight="bold", pad=8)
    axis.set_xlabel(x, fontsize=8.5, color=FAINT)
    axis.set_ylabel(y, fontsize=8.5, color=FAINT)


def legend(axis: Axes, **where: Any) -> None:
    """A legend without a frame, when there is something to name."""
    if axis.get_legend_handles_labels()[0]:
        axis.legend(frameon=False, fontsize=8, labelcolor=INK, handlelength=1.6, **where)


def nothing(axis: Axes, why: str) -> None:
    """Say why a panel is empty."""
    axis.text(0.5, 0.5, why, transform=axis.transAxes, ha="center", va="center", fontsize=9, color=FAINT)
    axis.set_xticks([])
    axis.set_yticks([])


def colour_of(names: Sequence[str]) -> dict[str, str]:
    """One colour per name, by its place."""
    return {name: SERIES[place % len(SERIES)] for place, name in enumerate(names)}


def svg_of(figure: Figure) -> str:
    """The figure as svg: letters are paths, no date, equal figures give equal bytes."""
    stream = io.StringIO()
    with mpl.rc_context(_LOOK):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None}, facecolor=PAPER)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def inline(svg: str, name: str) -> str:
    """The same svg to stand inside a page: colours from its variables, ids of its own, any width."""
    body = svg[svg.index("<svg") :]
    for colour, variable in VARIABLES.items():
        body = body.replace(colour, f"var(--{variable})")
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, count=1, flags=re.DOTALL)
    body = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{name}-", body)
    # One style element would rule the whole page; what it says is said by the page's own sheet.
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, count=1, flags=re.DOTALL)
    head = body[: body.index(">")]
    return re.sub(r' (width|height)="[^"]*"', "", head) + body[len(head) :]
