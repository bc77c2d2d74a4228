"""The one door to Great Expectations: rules in, its own results out.

Importing this module takes seconds; `gate.py` does it only when there is something to check.
"""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from vfal.core.files import write_text
from vfal.validation.frames import Frame
from vfal.validation.rules import Rule

with warnings.catch_warnings():
    # 1.24 imports a module that Python 3.11 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView

NOT_NULL = "ExpectColumnValuesToNotBeNull"


def run(frames: Mapping[str, Frame], rules: Sequence[Rule]) -> dict[str, Any]:
    """Great Expectations' result of every frame that a rule looks at, by frame.

    Each expectation carries `meta["rule"]`, its place in `rules`. A rule is checked together with "not
    null", because ranges and sets let missing values pass; a frame starts with its row count, because
    an empty one lets everything pass.
    """
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_pandas("vfal")
    results = {}
    for name in dict.fromkeys(rule.frame for rule in rules):
        numbered = [(place, rule) for place, rule in enumerate(rules) if rule.frame == name]
        asset = source.add_dataframe_asset(name)
        naming = [*frames[name].subject_columns, *(rule.shows for _, rule in numbered if rule.shows)]
        judged = [rule.column for _, rule in numbered]
        # Great Expectations hashes every column it is given, twice.
        table = frames[name].table[list(dict.fromkeys([*naming, *judged]))]
        suite = gx.ExpectationSuite(name=name, expectations=_expectations(numbered, table))
        batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": table})
        results[name] = batch.validate(
            suite,
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": list(dict.fromkeys(naming)),
            },
        )
    return results


def _expectations(numbered: Sequence[tuple[int, Rule]], table: pd.DataFrame) -> list[Any]:
    rows = _expectation("ExpectTableRowCountToBeBetween", min_value=1, description="There are rows to check")
    expectations = [rows]
    for place, rule in numbered:
        about = {"column": rule.column, "meta": {"rule": place}}
        # A plain bool or int column cannot hold a missing value, and every expectation costs 10 ms.
        if rule.expectation != NOT_NULL and table[rule.column].dtype not in (bool, "int64"):
            expectations.append(_expectation(NOT_NULL, description=f"{rule.name}: none is missing", **about))
        expectations.append(_expectation(rule.expectation, description=rule.name, **about, **rule.options))
    return expectations


def _expectation(kind: str, **options: Any) -> Any:
    return getattr(gx.expectations, kind)(**options)


def write_pages(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """Great Expectations' own page per frame, in `folder`, and an index; returns their paths, index first.

    The pages carry times and random ids, and look for their styles on the web: an extra for those who
    know them, not an output.
    """
    renderer: Any = ValidationResultsPageRenderer()
    view: Any = DefaultJinjaPageView()
    pages = []
    for name, result in results.items():
        path = folder / f"{name.replace(' ', '_')}.html"
        write_text(path, view.render(renderer.render(result)))
        pages.append(path)
    entries = "".join(f'<li><a href="{page.name}">{page.stem.replace("_", " ")}</a></li>' for page in pages)
    index = folder / "index.html"
    write_text(index, f'<!doctype html><meta charset="utf-8"><title>Data Docs</title><ul>{entries}</ul>\n')
    return [index, *pages]
