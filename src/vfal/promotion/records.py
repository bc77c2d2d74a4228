"""Decisions on disk, one numbered file each and never changed afterwards but for being carried out.

.state/promotions/0003-kept.json    the decision       .state/promotions/0003-kept.md    for people
"""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vfal.core.files import read_json, write_json, write_text
from vfal.core.paths import state_folder
from vfal.promotion.rule import Comparison, Row

FOLDER = "promotions"


@dataclass(frozen=True)
class Decision:
    """What was decided about a challenger, and why.

    `outcome` is first, promoted, kept, unchanged, rolled_back or stopped. `applied` says whether MLflow
    holds it; `judged` is the digest of everything that the decision follows from.
    """

    outcome: str
    reason: str
    champion: str = ""
    challenger: str = ""
    origin: str = ""
    judged: str = ""
    commit: str = ""
    comparison: Comparison | None = None
    at: str = ""
    number: int = 0
    applied: bool = False

    def carried_out(self) -> "Decision":
        """The same decision, now that MLflow holds it."""
        return replace(self, applied=True)

    @property
    def stem(self) -> Path:
        """The files of this decision without their endings."""
        return state_folder() / FOLDER / f"{self.number:04d}-{self.outcome}"


def write_down(decision: Decision) -> Decision:
    """Keep a decision; the first time it gets its number and its time."""
    if not decision.number:
        last = max((int(path.name[:4]) for path in _files()), default=0)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        decision = replace(decision, number=last + 1, at=now)
    write_text(decision.stem.with_suffix(".md"), as_markdown(decision))
    write_json(decision.stem.with_suffix(".json"), asdict(decision))
    return decision


def newest() -> Decision | None:
    """The last decision; None before the first."""
    files = _files()
    return _read(files[-1]) if files else None


def as_markdown(decision: Decision) -> str:
    """The decision for people: outcome, reason, figures."""
    lines = [f"## {decision.outcome}", "", decision.reason, ""]
    if decision.comparison is not None:
        lines += [*_table(decision.comparison), ""]
    facts = {
        "champion": decision.champion,
        "challenger": decision.challenger,
        "commit": decision.commit,
        "origin": decision.origin,
        "decided": decision.at,
    }
    return "\n".join([*lines, *(f"- {name}: {value}" for name, value in facts.items() if value)]) + "\n"


def _table(comparison: Comparison) -> list[str]:
    shown = [
        f"| {row.metric} | {row.champion:.4f} | {row.challenger:.4f} | {row.gain:+.4f} "
        f"| {row.low:+.4f} to {row.high:+.4f} |"
        for row in comparison.rows
    ]
    left_out = (
        f"; {comparison.excluded} left out because a model has seen them" if comparison.excluded else ""
    )
    return [
        "| metric | champion | challenger | gain | interval |",
        "|---|---:|---:|---:|---:|",
        *shown,
        "",
        f"{comparison.identities} test identities that neither model has seen{left_out}.",
    ]


def _files() -> list[Path]:
    return sorted((state_folder() / FOLDER).glob("[0-9][0-9][0-9][0-9]-*.json"))


def _read(path: Path) -> Decision:
    raw: dict[str, Any] = read_json(path)
    if raw["comparison"] is not None:
        rows = tuple(Row(**row) for row in raw["comparison"].pop("rows"))
        raw["comparison"] = Comparison(rows, **raw["comparison"])
    return Decision(**raw)
