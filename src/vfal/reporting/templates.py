"""What the pages share: where their templates come from, and the headings of the result table."""

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from vfal.reporting.table import Column


def environment() -> Environment:
    """Where the pages' templates come from."""
    made = Environment(
        loader=PackageLoader("vfal.reporting", "."), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters["minus"] = lambda text: text.replace("-", "−").strip("[]")
    return made


def spans(columns: Sequence[Column]) -> list[tuple[str, int]]:
    """Headings with the number of columns that each stands over."""
    headings = [column.heading for column in columns]
    return [(heading, headings.count(heading)) for heading in dict.fromkeys(headings)]
