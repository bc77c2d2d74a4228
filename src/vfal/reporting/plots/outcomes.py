"""Plots of what evaluation found."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from vfal.core.types import DIRECTIONS
from vfal.reporting.entries import CEILING, CHANCE, MAIN, Lineup
from vfal.reporting.plots.style import (
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    RED,
    label,
    legend,
    nothing,
    panels,
)
from vfal.reporting.table import column_of, group_title

GROUP_COLOURS = {"all": BLUE, "same_gender": ORANGE, "same_nationality": GREEN}
DIRECTION_TITLES = {"v2f": "Voice to face", "f2v": "Face to voice"}


def draw_roc(table: pd.DataFrame) -> Figure:
    """True against false acceptance, a panel per direction; the oracle dashed."""
    figure, axes = panels(2, height=3.9)
    for axis, direction in zip(axes, DIRECTIONS, strict=True):
        label(
            axis,
            DIRECTION_TITLES[direction],
            "false acceptance",
            "true acceptance" if axis is axes[0] else "",
        )
        axis.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (1, 2)), label="chance")
        for (entry, group), curve in table[table["direction"] == direction].groupby(
            ["entry", "group"], sort=False
        ):
            if entry == CEILING and group != "all":
                continue
            style: dict[str, Any] = {
                "color": GROUP_COLOURS.get(str(group), PURPLE),
                "linewidth": 1.7,
                "label": group_title(str(group)),
            }
            if entry == CEILING:
                style = {"color": INK, "linewidth": 1.1, "linestyle": (0, (4, 2)), "label": "oracle, all"}
            axis.plot(curve["false_accept"], curve["true_accept"], **style)
        axis.set_aspect("equal")
        axis.set_xlim(0, 1)
        axis.set_ylim(0, 1.005)
        for side in (axis.xaxis, axis.yaxis):
            side.set_major_formatter(PercentFormatter(1, decimals=0))
        legend(axis, loc="lower right")
    return figure


def draw_matching(table: pd.DataFrame) -> Figure:
    """Accuracy by number of candidates with interval bands, chance dotted, the oracle dashed."""
    figure, axes = panels(2, share_y=True, height=3.3)
    for axis, direction in zip(axes, DIRECTIONS, strict=True):
        label(axis, DIRECTION_TITLES[direction], "candidates", "accuracy" if axis is axes[0] else "")
        found = table[table["direction"] == direction]
        if found.empty:
            nothing(axis, "not measured")
            continue
        for (entry, group), curve in found.groupby(["entry", "group"], sort=False):
            if entry == CEILING:
                if group == "all":
                    axis.plot(
                        curve["size"], curve["accuracy"], color=INK, linewidth=1.1, linestyle=(0, (4, 2)),
                        label="oracle, all",
                    )  # fmt: skip
                continue
            colour = GROUP_COLOURS.get(str(group), PURPLE)
            axis.fill_between(
                curve["size"], curve["low"], curve["high"], color=colour, alpha=0.18, linewidth=0
            )
            axis.plot(
                curve["size"], curve["accuracy"], color=colour, linewidth=1.7, marker="o", markersize=3,
                label=group_title(str(group)),
            )  # fmt: skip
        chance = found.drop_duplicates("size").sort_values("size")
        axis.plot(
            chance["size"], chance["chance"], color=GREY, linewidth=1.2, linestyle=(0, (1, 2)), label=CHANCE
        )
        axis.set_ylim(0, 1)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        legend(axis)
    return figure


def draw_scores(table: pd.DataFrame) -> Figure:
    """Scores of the same and of different people, voice to face, a panel per group."""
    chosen = table[(table["direction"] == "v2f")] if len(table) else table
    groups = list(dict.fromkeys(chosen["group"])) if len(chosen) else []
    figure, axes = panels(max(1, len(groups)), share_y=True)
    if not groups:
        nothing(axes[0], "verification was not measured")
    tallest = max((_share(chosen[chosen["group"] == group]).max() for group in groups), default=1.0)
    for axis, group in zip(axes, groups, strict=False):
        found = chosen[chosen["group"] == group]
        filled = found[(found["same"] > 0) | (found["different"] > 0)]
        edges = [*found["left"], found["right"].iloc[-1]]
        for column, name, colour in (("different", "different people", GREY), ("same", "same person", BLUE)):
            share = found[column] / max(1, found[column].sum())
            axis.stairs(share, edges, fill=True, color=colour, alpha=0.40, linewidth=0, label=name)
            axis.stairs(share, edges, color=colour, linewidth=1.2)
        axis.set_xlim(filled["left"].min(), filled["right"].max())
        label(axis, group_title(group).capitalize(), "score", "share of trials" if axis is axes[0] else "")
        axis.set_ylim(0, 1.25 * tallest)  # room for the legend
        axis.xaxis.set_major_locator(MaxNLocator(5))
        axis.yaxis.set_major_formatter(PercentFormatter(1))
        legend(axis, loc="upper left", ncols=2)
    return figure


def _share(histogram: pd.DataFrame) -> "pd.Series[float]":
    """The taller of both columns' shares, per bin."""
    counts = histogram[["same", "different"]]
    return (counts / counts.sum().clip(lower=1)).max(axis=1)


def draw_differences(tidy: pd.DataFrame, lineup: Lineup, metrics: list[str]) -> Figure:
    """Differences to the baseline with paired intervals: a panel per number, two lines per model."""
    headings = list(dict.fromkeys(column_of(metric).heading for metric in metrics))
    found = tidy[tidy["difference"].notna()]
    entries = list(dict.fromkeys(found["entry"]))
    figure, axes = panels(max(1, len(headings)), height=0.9 + 0.5 * max(2, len(entries)))
    if not entries:
        nothing(axes[0], "no variant without identity weights to compare with")
        return figure
    places = {entry: len(entries) - 1 - place for place, entry in enumerate(entries)}
    for axis, heading in zip(axes, headings, strict=False):
        axis.axvline(0, color=FAINT, linewidth=1)
        for metric in metrics:
            if column_of(metric).heading == heading:
                _whiskers(axis, found[found["metric"] == metric], places, column_of(metric).direction)
        label(axis, heading, "points")
        axis.set_yticks(
            list(places.values()), [lineup[name].label for name in places] if axis is axes[0] else []
        )
        axis.set_ylim(-0.6, len(entries) - 0.4)
        axis.grid(visible=False, axis="y")
    for tick, name in zip(axes[0].get_yticklabels(), places, strict=True):
        tick.set_color(INK)
        tick.set_fontweight("bold" if name == MAIN else "normal")
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower right", ncols=2, frameon=False, fontsize=8,
        labelcolor=INK,
    )  # fmt: skip
    return figure


def _whiskers(axis: Axes, found: pd.DataFrame, places: dict[str, int], direction: str) -> None:
    shift, colour = (0.13, BLUE) if direction == "v2f" else (-0.13, RED)
    height = found["entry"].map(places) + shift
    axis.hlines(
        height, 100 * found["difference_low"], 100 * found["difference_high"], color=colour, linewidth=1.6
    )
    axis.plot(
        100 * found["difference"],
        height,
        "o",
        color=colour,
        markersize=4.5,
        label=DIRECTION_TITLES[direction].lower(),
    )


def draw_hardest(people: pd.DataFrame, *, shown: int) -> Figure:
    """Left: every test identity's 1:2 accuracy, hardest first. Right: the `shown` hardest by name.

    `people` has identity, both, v2f and f2v, hardest first (`hardest_identities`).
    """
    figure, (left, right) = panels(2, height=max(2.9, 0.9 + 0.2 * min(shown, len(people))))
    label(left, "1:2 accuracy of each test identity", "identities, hardest first", "accuracy")
    label(right, f"The {min(shown, len(people))} hardest", "accuracy")
    if people.empty:
        for axis in (left, right):
            nothing(axis, "1:2 matching was not measured")
        return figure
    left.step(range(1, len(people) + 1), people["both"], where="mid", color=BLUE, linewidth=1.7)
    left.axhline(0.5, color=GREY, linewidth=1.2, linestyle=(0, (1, 2)), label=CHANCE)
    left.set_ylim(-0.02, 1.02)
    hardest = people.head(shown)
    places = range(len(hardest))[::-1]
    for direction, colour in (("v2f", BLUE), ("f2v", RED)):
        right.plot(
            hardest[direction], places, "o", color=colour, markersize=4.5,
            label=DIRECTION_TITLES[direction].lower(),
        )  # fmt: skip
    right.set_yticks(places, hardest["identity"].tolist(), fontsize=7)
    right.set_xlim(-0.03, 1.03)
    for side in (left.yaxis, right.xaxis):
        side.set_major_formatter(PercentFormatter(1, decimals=0))
    legend(left, loc="lower right")
    figure.legend(
        *right.get_legend_handles_labels(), loc="outside lower right", ncols=2, frameon=False, fontsize=8,
        labelcolor=INK,
    )  # fmt: skip
    return figure
