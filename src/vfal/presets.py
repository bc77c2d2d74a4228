"""Presets: named sets of values for params.yaml, so that params.yaml always shows what is run."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from vfal.core.config.params import check_all, read_raw, with_overrides
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
    changed = {dotted: value for dotted, value in wanted.items() if _value(raw, dotted) != value}
    text = params.read_text(encoding="utf-8")
    for dotted, value in changed.items():
        text = _with_value(text, dotted, value)
    if changed:
        write_text(params, text)
    return changed


def _value(block: Any, dotted: str) -> Any:
    for name in dotted.split("."):
        block = block[name]
    return block


def _with_value(text: str, dotted: str, value: Any) -> str:
    """`text` with the value of one key replaced where it stands."""
    parent, _, key = dotted.rpartition(".")
    document = YAML().load(text)
    block = _value(document, parent) if parent else document
    old: Any = block[key]
    if isinstance(value, Mapping) and set(value) == set(old) and not old.fa.flow_style():
        for inner, item in value.items():  # line by line, so that each keeps its comment
            text = _with_value(text, f"{dotted}.{inner}", item)
        return text
    lines = text.split("\n")
    (at, _), (first, column) = block.lc.key(key), block.lc.value(key)
    if at == first:
        comment = re.search(r"\s+#.*$", lines[at][column:])
        lines[at] = f"{lines[at][:column]}{_flow(value)}{comment[0] if comment else ''}"
        return "\n".join(lines)
    last = first
    while last < len(lines) and lines[last].startswith(" " * column) and lines[last].strip():
        last += 1
    items = value.items() if isinstance(value, Mapping) else [("-", item) for item in value]
    shown = [f"{name}{'' if name == '-' else ':'} {_flow(item)}" for name, item in items]
    return "\n".join([*lines[:first], *(" " * column + line for line in shown), *lines[last:]])


def _flow(value: Any) -> str:
    """A value on one line."""
    yaml, target = YAML(), io.StringIO()
    yaml.default_flow_style, yaml.width = True, 10_000
    yaml.dump({"value": value}, target)
    return target.getvalue().strip().removeprefix("{value: ").removesuffix("}")
