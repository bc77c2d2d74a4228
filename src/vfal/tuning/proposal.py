"""The winner as a change of params.yaml: Optuna proposes, params.yaml disposes."""

import difflib
from collections.abc import Mapping
from pathlib import Path

from vfal.core.config.params import check_all, read_raw, with_overrides
from vfal.core.config.tuning import Value
from vfal.core.config.writing import value_at, with_value
from vfal.core.files import write_text


def proposed(params: Path, values: Mapping[str, Value]) -> str:
    """The text of params.yaml with these values; everything else and every comment stays.

    The result is checked; one that is refused is a `ConfigError`.
    """
    raw = read_raw(params)
    check_all(with_overrides(raw, values))
    text = params.read_text(encoding="utf-8")
    for key, value in values.items():
        if value_at(raw, key) != value:
            text = with_value(text, key, value)
    return text


def as_diff(params: Path, text: str) -> str:
    """A unified diff from params.yaml to `text`, for `git apply`; empty when they are equal."""
    lines = difflib.unified_diff(
        params.read_text(encoding="utf-8").splitlines(keepends=True),
        text.splitlines(keepends=True),
        f"a/{params.name}",
        f"b/{params.name}",
        n=1,
    )
    return "".join(lines)


def apply(params: Path, text: str) -> bool:
    """Make `text` the content of params.yaml; whether that changed anything."""
    if params.read_text(encoding="utf-8") == text:
        return False
    write_text(params, text)
    return True
