"""The leaderboard as a picture: one dot and one interval per model."""

from matplotlib.figure import Figure

from vfal.core.types import DIRECTIONS
from vfal.reporting.entries import CEILING, CHANCE
from vfal.reporting.leaderboard import Board
from vfal.reporting.plots.outcomes import DIRECTION_TITLES
from vfal.reporting.plots.style import BLUE, GREY, INK, ORANGE, label, legend, panels

METRIC = "matching_1_2/{}/all/accuracy"
ROW_INCHES = 0.24


def draw_board(board: Board) -> Figure:
    """1:2 matching in percent, a panel per direction; adaptive models in another colour, best on top."""
    names = [entry.name for entry in board.lineup.entries]
    weighted = {entry.name for entry in board.lineup.entries if entry.rule != "none"}
    figure, axes = panels(2, height=1.1 + ROW_INCHES * len(names), share_y=True)
    for axis, direction in zip(axes, DIRECTIONS, strict=True):
        label(axis, f"{DIRECTION_TITLES[direction]}, 1:2", "percent")
        table = board.values[board.values["metric"] == METRIC.format(direction)].set_index("entry")
        for kind, colour, chosen in (
            ("plain", BLUE, [name for name in names if name not in weighted]),
            ("with identity weights", ORANGE, [name for name in names if name in weighted]),
        ):
            found = table.reindex([name for name in chosen if name in table.index])
            places = [names.index(str(name)) for name in found.index]
            below, above = found["value"] - found["low"], found["high"] - found["value"]
            axis.errorbar(
                100 * found["value"], places, xerr=[100 * below, 100 * above], fmt="o", color=colour,
                markersize=4, linewidth=1.1, label=kind,
            )  # fmt: skip
        for edge, colour in ((CHANCE, GREY), (CEILING, INK)):
            if edge in table.index:
                axis.axvline(
                    100 * float(table["value"][edge]), color=colour, linewidth=1, linestyle=(0, (3, 2))
                )
        axis.set_yticks(range(len(names)), names)
        axis.set_ylim(len(names) - 0.4, -0.6)
    legend(axes[0], loc="lower left")
    return figure
