"""Presets: named sets of values for params.yaml, so that params.yaml always shows what is run."""

import difflib
import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from vfal.core.config.params import check, read_raw, with_overrides
from vfal.core.errors import ConfigError
from vfal.core.files import write_text

FOLDER = "presets"


def apply_preset(name: str, params: Path) -> dict[str, Any]:
    """Write the values of `presets/<name>.yaml` (dotted keys) into `params`; returns what changed.

    Comments and order of params.yaml are kept. The result is checked before it is written.
    """
    folder = params.parent / FOLDER
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean '{close[0]}'?" if close else f"Known: {', '.join(known)}."
        raise ConfigError(f"preset '{name}': no such file in {folder}. {hint}")
    wanted = read_raw(folder / f"{name}.yaml")
    check(with_overrides(read_raw(params), wanted))
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 200
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(params.read_text(encoding="utf-8"))
    changed = {}
    for dotted, value in wanted.items():
        *parents, last = dotted.split(".")
        block = document
        for parent in parents:
            block = block[parent]
        if block[last] != value:
            block[last] = value
            changed[dotted] = value
    text = io.StringIO()
    yaml.dump(document, text)
    if changed:
        write_text(params, text.getvalue())
    return changed
