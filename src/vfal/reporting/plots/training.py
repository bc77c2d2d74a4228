"""Plots of how training went and whom it left out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from vfal.reporting.entries import MAIN, Lineup
from vfal.reporting.plots.style import (
    BLUE,
    GREY,
    ORANGE,
    RED,
    colour_of,
    label,
    legend,
    nothing,
    panels,
)

PHASES = {
    "pretrain": "Encoders",
    "warm_up": "1  Warm-up",
    "weigh_identities": "2  Weigh identities",
    "retrain": "3  Retrain",
}


def draw_loss(table: pd.DataFrame, lineup: Lineup, phases: Sequence[str] = tuple(PHASES)) -> Figure:
    """Loss by step, a panel per phase: line is the mean over seeds, band their range."""
    figure, axes = panels(len(phases))
    labels = {"voice": "voice", "face": "face", MAIN: "full method"}
    if lineup.baseline:
        labels[lineup.baseline] = lineup[lineup.baseline].label
    colours = {"voice": BLUE, "face": ORANGE, MAIN: BLUE} | (
        {lineup.baseline: ORANGE} if lineup.baseline else {}
    )
    order = [name for name in ("voice", "face", MAIN, lineup.baseline) if name]
    for axis, phase in zip(axes, phases, strict=True):
        found = table[(table["phase"] == phase) & table["entry"].isin(list(labels))]
        label(axis, PHASES[phase], "step", "loss" if axis is axes[0] else "")
        if found.empty:
            nothing(axis, "no curve")
            continue
        for entry in (name for name in order if name in set(found["entry"])):
            name = labels[entry] if phase in ("pretrain", "retrain") else None
            _band(axis, found[found["entry"] == entry], "loss", colours[entry], name)
        legend(axis)
    return figure


def _band(axis: Axes, curves: pd.DataFrame, column: str, colour: str, name: str | None) -> None:
    over = curves.dropna(subset=column).groupby("step")[column].agg(["mean", "min", "max"])
    axis.fill_between(over.index, over["min"], over["max"], color=colour, alpha=0.18, linewidth=0)
    axis.plot(over.index, over["mean"], color=colour, linewidth=1.4, label=name)


def draw_validation(table: pd.DataFrame, lineup: Lineup) -> Figure:
    """Validation accuracy by retraining step: mean over seeds of every entry that was retrained."""
    figure, (axis,) = panels(1, height=2.8)
    label(axis, "1:2 accuracy on validation identities, voice to face", "step of retraining")
    entries = [entry.name for entry in lineup.entries if entry.name in set(table["entry"])]
    first = [name for name in (MAIN, lineup.baseline) if name in entries]
    ordered = list(dict.fromkeys([*first, *entries]))
    colours = colour_of(ordered)
    for entry in ordered:
        mean = table[table["entry"] == entry].groupby("step")["validation_accuracy"].mean()
        width, above = (2.2, 3) if entry == MAIN else (1.3, 2)
        axis.plot(
            mean.index + 1, mean, color=colours[entry], linewidth=width, zorder=above, marker="o",
            markersize=3, label=lineup[entry].label,
        )  # fmt: skip
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    legend(axis, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def draw_identity_weights(kept: pd.DataFrame, ranked: pd.DataFrame) -> Figure:
    """Left: share of identities let in so far. Right: final weights, easiest identity first."""
    figure, (left, right) = panels(2)
    label(left, "Identities let in while weighing", "step", "share with weight above 0")
    if kept.empty:
        nothing(left, "no identity weights were learned")
    for _, curve in kept.groupby("seed"):
        left.step(curve["step"], curve["kept_ratio"], where="post", color=BLUE, linewidth=1.4)
    left.set_ylim(0, 1.03)
    left.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    label(right, "Final weights", "identities, in the order they were let in", "weight")
    for _, curve in ranked.groupby("seed"):
        right.plot(curve["place"], curve["weight"], color=BLUE, linewidth=1.4)
    right.set_ylim(-0.03, 1.06)
    if len(ranked):
        _mark_dropped(right, ranked)
    return figure


def _mark_dropped(axis: Axes, ranked: pd.DataFrame) -> None:
    outside = ranked[ranked["weight"] == 0]
    if len(outside):
        axis.axvspan(outside["place"].min(), ranked["place"].max(), color=RED, alpha=0.10, linewidth=0)
        axis.annotate(
            "dropped ", (outside["place"].min(), 0.5), color=RED, fontsize=8.5, ha="right", va="center"
        )


def draw_hardness(table: pd.DataFrame, lineup: Lineup, aucs: dict[str, float]) -> Figure:
    """Final hardness of personalised identities and of the others, a panel per hardness measure."""
    entries = list(dict.fromkeys(table["entry"]))
    figure, axes = panels(max(1, len(entries)))
    if not entries:
        nothing(axes[0], "no hardness was learned, or nobody knows who is personalised")
    for axis, entry in zip(axes, entries, strict=False):
        found = table[table["entry"] == entry]
        edges = [*found["left"], found["right"].iloc[-1]]
        axis.stairs(found["others"], edges, fill=True, color=GREY, alpha=0.45, linewidth=0, label="others")
        axis.stairs(found["personalised"], edges, color=RED, linewidth=1.6, label="personalised")
        title = f"{lineup[entry].label}: AUC {aucs.get(entry, np.nan):.2f}"
        label(axis, title, "hardness at the end", "share of identities" if axis is axes[0] else "")
        axis.set_ylim(
            0, 1.28 * max(found["others"].max(), found["personalised"].max())
        )  # room for the legend
        axis.yaxis.set_major_formatter(PercentFormatter(1))
        legend(axis, loc="upper left", ncols=2)
    return figure
