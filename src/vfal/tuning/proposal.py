"""The winner as a change of params.yaml: Optuna proposes, params.yaml disposes."""

import difflib
from collections.abc import Mapping
from pathlib import Path

from vfal.core.config.tuning import Value
from vfal.core.config.writing import rewritten


def proposal(params: Path, values: Mapping[str, Value]) -> str:
    """A unified diff that brings these values into params.yaml, for `git apply`; empty if it holds them.

    Values that params refuse are a `ConfigError`.
    """
    text, _ = rewritten(params, values)
    lines = difflib.unified_diff(
        params.read_text(encoding="utf-8").splitlines(keepends=True),
        text.splitlines(keepends=True),
        f"a/{params.name}",
        f"b/{params.name}",
        n=1,
    )
    return "".join(lines)
