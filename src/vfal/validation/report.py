"""The verdict for people and for tools: a table, json, one page of html, and Data Docs."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.markup import escape
from rich.table import Table

from vfal.core.files import write_text
from vfal.validation.verdict import RuleResult, Verdict


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict in numbers, for DVC metrics: equal verdicts give equal values.

    `success` is 1 or 0; `rules`, `breaches` and `findings` count rules, `checked` and `offending` rows;
    `splits` holds the counts of every split.
    """
    return {
        "success": int(verdict.success),
        "rules": len(verdict.rules),
        "breaches": len(verdict.breaches),
        "findings": len(verdict.findings),
        "checked": sum(rule.checked for rule in verdict.rules),
        "offending": sum(rule.offending for rule in verdict.rules),
        "splits": {split: dict(counts) for split, counts in verdict.counts.items()},
    }


def verdict_record(verdict: Verdict) -> dict[str, Any]:
    """The verdict with every rule and the offenders it names."""
    return verdict_json(verdict) | {"by_rule": [asdict(rule) for rule in verdict.rules]}


def verdict_table(verdict: Verdict) -> Table:
    """The broken rules with their offenders, or every rule when all hold."""
    breaches = (*verdict.breaches, *verdict.findings)
    title = f"{len(verdict.breaches)} of {len(verdict.rules)} data rules broken" if breaches else ""
    title += f", {len(verdict.findings)} findings that do not stop the map" if verdict.findings else ""
    table = Table(title=title or "All data rules hold", title_justify="left", show_lines=bool(breaches))
    table.add_column("rule", ratio=3)
    table.add_column("checked", justify="right", no_wrap=True)
    table.add_column("broken by", justify="right", no_wrap=True)
    if breaches:
        table.add_column("offenders", ratio=4, overflow="fold")
    for rule in breaches or verdict.rules:
        row = [escape(rule.name), f"{rule.checked:,}", f"{rule.offending:,}"]
        table.add_row(*row, *([escape(_sentence(rule))] if breaches else []))
    return table


def _sentence(rule: RuleResult) -> str:
    """Offenders and what was found there, then how many more, then what was expected."""
    named = [
        f"{name} ({found})" if found else name for name, found in zip(rule.offenders, rule.found, strict=True)
    ]
    more = rule.offending - len(named)
    parts = [", ".join(named) + (f" and {more:,} more" if named and more > 0 else ""), rule.detail]
    return "; ".join(part for part in parts if part)


def write_html(verdict: Verdict, path: Path) -> None:
    """One page that needs nothing else: every rule, its offenders, and the counts per split."""
    environment = Environment(
        loader=PackageLoader("vfal.validation", "."), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    page = environment.get_template("verdict.html").render(
        verdict=verdict, kinds=_kinds(verdict.counts), sentence=_sentence
    )
    write_text(path, page + "\n")


def _kinds(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    return list(next(iter(counts.values()), {}))


def write_data_docs(verdict: Verdict, folder: Path) -> list[Path]:
    """Great Expectations' own pages, one per frame; returns their paths.

    They carry times and random ids, so they belong outside outputs that are hashed.
    """
    from vfal.validation import expectations  # imports Great Expectations: seconds

    return expectations.write_pages(verdict.evidence, folder)
