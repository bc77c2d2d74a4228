"""Presets: named sets of values for params.yaml, so that params.yaml always shows what is run."""

from pathlib import Path
from typing import Any

from vfal.core.config.params import read_raw
from vfal.core.config.writing import rewritten
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
    text, changed = rewritten(params, read_raw(folder / f"{name}.yaml"))
    if changed:
        write_text(params, text)
    return changed
