"""Parameters for tests: the repository's, made tiny, with some keys replaced."""

from functools import cache
from pathlib import Path
from typing import Any

from vfal.core.config.params import Params, check, read_raw, with_overrides

REPOSITORY = Path(__file__).resolve().parents[1]


@cache
def _tiny() -> dict[str, Any]:
    raw = read_raw(REPOSITORY / "params.yaml")
    return with_overrides(raw, read_raw(REPOSITORY / "presets/tiny.yaml"))


def raw_params(**changes: Any) -> dict[str, Any]:
    """Plain values; a dotted key is written with two underscores for each dot."""
    return with_overrides(_tiny(), {key.replace("__", "."): value for key, value in changes.items()})


def tiny_params(**changes: Any) -> Params:
    return check(raw_params(**changes))
