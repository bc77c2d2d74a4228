"""Presets: named sets of values for params.yaml, so that params.yaml always shows what is run."""

from pathlib import Path
from typing import Any

from vfal.core.config.params import check_all, read_raw, with_overrides
from vfal.core.config.writing import value_at, with_value
from vfal.core.errors import ConfigError
from vfal.core.files import write_text
from vfal.core.shelf import nearest

FOLDER = "presets"


def apply_preset(name: str, params: Path) -> dict[str, Any]:
    """Write the values of `presets/<name>.yaml` (dotted keys) into `params`; returns what changed.

    Every other character of params.yaml stays, comments too. The result is checked before it is written.
    """
    folder = params.parent / FOLDER
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise ConfigError(f"preset '{name}': no such file in {folder}. {nearest(name, known)}")
    raw, wanted = read_raw(params), read_raw(folder / f"{name}.yaml")
    check_all(with_overrides(raw, wanted))
    changed = {dotted: value for dotted, value in wanted.items() if value_at(raw, dotted) != value}
    text = params.read_text(encoding="utf-8")
    for dotted, value in changed.items():
        text = with_value(text, dotted, value)
    if changed:
        write_text(params, text)
    return changed
