"""The leaderboard as markdown and as a page that needs nothing else."""

from collections import Counter
from importlib.resources import files
from io import StringIO

import pandas as pd
from markupsafe import Markup

from vfal.core.files import write_json, write_text
from vfal.core.paths import REPORTS
from vfal.reporting.claims import HOLDS, OPEN, REVERSED, claims_as_json, untried
from vfal.reporting.entries import CEILING, CHANCE
from vfal.reporting.leaderboard import Board, as_json, plain_of
from vfal.reporting.plots.board import draw_board
from vfal.reporting.plots.style import inline, svg_of
from vfal.reporting.table import Column, column_of, difference_rows, markdown, value_rows, whole_percent
from vfal.reporting.templates import environment, spans

PROTOCOLS = {
    "S": "Protocol S: lists of Seeking the Shape of Sound, 924 / 112 / 189 people, VGGFace stills",
    "SL": "Self-Lifting's lists: 924 / 112 / 189 people, video faces",
    "E": "Protocol E: vfal-eva's lists, 901 / 100 / 250 people, frozen features",
}
COLUMNS = {
    "v2f_u": "1:2 U v2f", "f2v_u": "1:2 U f2v", "v2f_g": "1:2 G v2f", "f2v_g": "1:2 G f2v", "auc_u": "AUC U",
    "auc_g": "AUC G", "eer_u": "EER U", "map_v2f": "mAP v2f", "map_f2v": "mAP f2v",
}  # fmt: skip
COST = "Seconds of processor for all seeds, mean steps of one seed, and how many numbers are learned"
COST_HEADER = ["processor s", "steps", "parameters"]


def write_board(board: Board) -> None:
    """Write `reports/leaderboard.json`, `.claims.json`, `.md` and `.html`."""
    write_json(REPORTS / "leaderboard.json", as_json(board))
    write_json(REPORTS / "leaderboard.claims.json", claims_as_json(board.trials))
    write_text(REPORTS / "leaderboard.md", _markdown(board))
    write_text(REPORTS / "leaderboard.html", _page(board) + "\n")


def published_numbers() -> pd.DataFrame:
    """Numbers that authors printed or re-ran, as text, a row each; protocols never share a table."""
    text = files("vfal.reporting").joinpath("published_numbers.csv").read_text(encoding="utf-8")
    return pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)


def _groups(board: Board) -> list[list[Column]]:
    columns = [column_of(metric) for metric in board.metrics]
    matching = [column for column in columns if column.metric.startswith("matching")]
    return [matching, [column for column in columns if column not in matching]]


def _cost(board: Board, name: str) -> list[str]:
    if name not in board.costs:
        return ["", "", ""]
    cost = board.costs[name]
    return [f"{cost['processor_s']:.0f}", f"{cost['steps']:,.0f}", f"{cost['parameters']:,.0f}"]


def _intro(board: Board) -> str:
    seeds = ", ".join(map(str, board.params.train_method.seeds))
    level = whole_percent(board.params.evaluate.level)
    return (
        f"Percent, mean of seeds {seeds}, on test identities that nothing was trained on; {level} intervals "
        "from resampling them. v2f: a voice asks for a face; f2v: the reverse. Each model's step was chosen "
        "on validation identities. A dash is a task that the method cannot be asked."
    )


def _markdown(board: Board) -> str:
    parts = ["# Leaderboard\n", f"{_intro(board)}\n"]
    for some in _groups(board):
        header = ["model", *(f"{column.heading}, {column.direction}" for column in some)]
        rows = value_rows(board.values, board.lineup, some)
        parts.append(markdown(header, [[row.label, *map(str, row.cells)] for row in rows]))
    parts.append(f"{COST}:\n")
    names = [entry.name for entry in board.lineup.entries]
    parts.append(markdown(["model", *COST_HEADER], [[name, *_cost(board, name)] for name in names]))
    if not board.gains.empty:
        parts.append("Identity weights: adaptive model minus plain one, in points, paired intervals:\n")
        for some in _groups(board):
            rows = difference_rows(board.gains, board.lineup, some)
            header = ["model", *(f"{column.heading}, {column.direction}" for column in some)]
            parts.append(markdown(header, [[row.label, *map(str, row.cells)] for row in rows]))
    if board.trials:
        columns = [column_of(metric) for metric in board.params.leaderboard.claims_on]
        header = ["claim", "", *(f"{column.heading}, {column.direction}" for column in columns)]
        rows = [trial.row(columns) for trial in board.trials]
        parts.append(f"## Claims of papers\n\n{_claims_intro(board)}\n")
        parts.append(
            markdown(
                header,
                [[f"{row.label} ({row.meaning})", row.name, *map(str, row.cells)] for row in rows],
            )
        )
    parts.append("## Published numbers\n\nOther people, other media: never in one column with ours.\n")
    table = published_numbers()
    for protocol, title in PROTOCOLS.items():
        rows_of = table[table["protocol"] == protocol]
        parts.append(f"{title}:\n")
        parts.append(markdown(["", "source", *COLUMNS.values()], _published_rows(rows_of)))
    return "\n".join(parts)


def _claims_intro(board: Board) -> str:
    said = {HOLDS: 0, REVERSED: 0, OPEN: 0} | Counter(trial.verdict for trial in board.trials)
    absent = untried(board.params.leaderboard, board.results)
    return (
        "The model said to be better minus the other, in points, paired intervals that hold at "
        f"{whole_percent(board.params.evaluate.level)} for all columns together. A claim holds when at "
        "least one interval lies above 0 and none below it, is reversed the other way round, and is open "
        f"otherwise: {said[HOLDS]} hold, {said[REVERSED]} are reversed, {said[OPEN]} are open. What is tried "
        "is the order on this corpus under one recipe, not the published number."
        + (f" Not tried for want of models: {', '.join(absent)}." if absent else "")
    )


def _published_rows(table: pd.DataFrame) -> list[list[str]]:
    rows = []
    for row in table.to_dict("records"):
        rows.append([row["printed_as"], row["source"], *(row[key] or "-" for key in COLUMNS)])
    return rows


def _page(board: Board) -> str:
    made = environment()
    columns = [column for some in _groups(board) for column in some]
    compared = [column for column in columns if not column.smaller_is_better]
    models = board.params.train_method.models
    table = published_numbers()
    return made.get_template("leaderboard.html").render(
        css=Markup(made.get_template("page.css").render()),  # noqa: S704
        plot=Markup(inline(svg_of(draw_board(board)), "board")),  # noqa: S704
        intro=_intro(board),
        columns=columns,
        spans=spans,
        values=value_rows(board.values, board.lineup, columns),
        costs={entry.name: _cost(board, entry.name) for entry in board.lineup.entries},
        cost=COST,
        cost_header=COST_HEADER,
        compared=compared,
        gains=difference_rows(board.gains, board.lineup, compared) if not board.gains.empty else [],
        claims_intro=_claims_intro(board),
        claims_columns=[column_of(metric) for metric in board.params.leaderboard.claims_on],
        trials=board.trials,
        adaptive={name for name in models if plain_of(name, models)},
        main=None,
        edges=(CHANCE, CEILING),
        published={
            title: _published_rows(table[table["protocol"] == protocol])
            for protocol, title in PROTOCOLS.items()
        },
        published_columns=["", "source", *COLUMNS.values()],
    )
