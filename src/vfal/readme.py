"""The parts of README.md that are made, not written: the map and the result table."""

import re
import subprocess
import sys
from pathlib import Path

from vfal.core.errors import DataError, MachineError
from vfal.core.files import write_text
from vfal.core.paths import REPORTS
from vfal.dvc_stages import tool_environment

README = Path("README.md")


def refresh() -> None:
    """Put the map of dvc.yaml and the table of the last run into README.md, between their marks."""
    text = README.read_text(encoding="utf-8")
    text = _between(text, "map", f"```mermaid\n{stage_map(_dvc_dag())}```")
    results = REPORTS / "results.md"
    if results.exists():
        text = _between(text, "results", _without_differences(results.read_text(encoding="utf-8").strip()))
    write_text(README, text)


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
        [str(dvc), "dag", "--mermaid"], env=tool_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise MachineError(f"dvc dag: ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _between(text: str, mark: str, content: str) -> str:
    start, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    if start not in text or end not in text:
        raise DataError(f"{README}: expected the marks {start} and {end}.")
    head, rest = text.split(start, 1)
    return f"{head}{start}\n{content}\n{end}{rest.split(end, 1)[1]}"
