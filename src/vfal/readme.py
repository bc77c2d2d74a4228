"""The parts of pages that are made, not written: the map, the result table, the leaderboard's numbers."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vfal.core.config.params import read_raw
from vfal.core.errors import DataError, MachineError
from vfal.core.files import read_json, write_text
from vfal.core.paths import PARAMS, REPORTS
from vfal.core.types import DIRECTIONS
from vfal.dvc_stages import tool_environment
from vfal.reporting.table import markdown, percent

README = Path("README.md")
METHODS = Path("docs/methods")
LAST = "compare"  # the stage that everything in dvc.yaml leads to; the leaderboard's map is drawn elsewhere
SHOWN = {  # columns of a method's page, voice to face / face to voice
    "1:2": "matching_1_2/{}/all/accuracy",
    "1:2 same gender": "matching_1_2/{}/same_gender/accuracy",
    "AUC": "verification/{}/all/auc",
    "EER": "verification/{}/all/eer",
    "mAP": "retrieval/{}/all/map",
}


def refresh() -> None:
    """Put the map of dvc.yaml and the table of the last run into README.md, between their marks."""
    text = README.read_text(encoding="utf-8")
    text = _between(text, "map", f"```mermaid\n{stage_map(_dvc_dag())}```")
    results = REPORTS / "results.md"
    if results.exists():
        text = _between(text, "results", _without_differences(results.read_text(encoding="utf-8").strip()))
    write_text(README, text)
    board = REPORTS / "leaderboard.json"
    if board.exists():
        for page, ours in method_pages(read_json(board), read_raw(PARAMS)["train_method"]["models"]).items():
            write_text(page, _between(page.read_text(encoding="utf-8"), "ours", ours, page))


def method_pages(board: Mapping[str, Any], models: Mapping[str, Any]) -> dict[Path, str]:
    """Each method's page and the leaderboard's numbers of its models, as a table."""
    pages: dict[Path, str] = {}
    for method in dict.fromkeys(model["method"] for model in models.values()):
        rows = [
            [name, *(_both_ways(board[name], pattern) for pattern in SHOWN.values())]
            for name in board
            if name in models and models[name]["method"] == method
        ]
        if rows:
            pages[METHODS / f"{method}.md"] = markdown(["model", *SHOWN], rows).rstrip()
    return pages


def _both_ways(numbers: Mapping[str, Any], pattern: str) -> str:
    found = [numbers.get(pattern.format(direction), {}).get("value") for direction in DIRECTIONS]
    return " / ".join(percent(value) or "-" for value in found)


def _without_differences(results: str) -> str:
    """The tables of values and of dropped identities; the differences stay in reports/results.md."""
    blocks = results.split("\n\n")
    first = next((place for place, block in enumerate(blocks) if block.startswith("Difference")), len(blocks))
    tables = 1 + sum(block.startswith("|") for block in blocks[first + 1 : first + 3])
    return "\n\n".join(blocks[:first] + blocks[first + tables :])


def stage_map(mermaid: str) -> str:
    """`dvc dag --mermaid` with the repetitions of a stage (`evaluate@x`) drawn as one."""
    names = dict(re.findall(r'(node\d+)\["([^"@]+)(?:@[^"]*)?"\]', mermaid))
    edges = {
        (names[start], names[end])
        for start, end in re.findall(r"(node\d+)-->(node\d+)", mermaid)
        if names[start] != names[end]
    }
    lines = ["flowchart TD"] + [f"  {start} --> {end}" for start, end in sorted(_without_shortcuts(edges))]
    return "\n".join(lines) + "\n"


def _without_shortcuts(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Edges that no longer way replaces, so that the drawing can be read."""
    after: dict[str, set[str]] = {}
    for start, end in edges:
        after.setdefault(start, set()).add(end)

    def reach(start: str) -> set[str]:
        found: set[str] = set()
        todo = [start]
        while todo:
            for following in after.get(todo.pop(), set()) - found:
                found.add(following)
                todo.append(following)
        return found

    return {
        (start, end)
        for start, end in edges
        if not any(end in reach(middle) for middle in after[start] if middle != end)
    }


def _dvc_dag() -> str:
    dvc = Path(sys.executable).with_name("dvc")
    done = subprocess.run(
        [str(dvc), "dag", "--mermaid", LAST],
        env=tool_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MachineError(f"dvc dag: ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _between(text: str, mark: str, content: str, page: Path = README) -> str:
    start, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    if start not in text or end not in text:
        raise DataError(f"{page}: expected the marks {start} and {end}.")
    head, rest = text.split(start, 1)
    return f"{head}{start}\n{content}\n{end}{rest.split(end, 1)[1]}"
