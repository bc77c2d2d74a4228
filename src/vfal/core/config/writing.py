"""Writing single values into params.yaml without touching any other character."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from vfal.core.config.params import check_all, read_raw, with_overrides
from vfal.core.errors import ConfigError


def rewritten(path: Path, wanted: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text of params.yaml with `wanted` (dotted keys) in it, and which of them that changes.

    Every other character stays, comments too. Values that params refuse are a `ConfigError`, and so is a
    file laid out so that they cannot be written.
    """
    raw = read_raw(path)
    overridden = with_overrides(raw, wanted)
    check_all(overridden)
    changed = {dotted: value for dotted, value in wanted.items() if value_at(raw, dotted) != value}
    text = path.read_text(encoding="utf-8")
    try:
        for dotted, value in changed.items():
            text = _with_value(text, dotted, value)
        read_back = YAML(typ="safe", pure=True).load(text) if changed else raw
    except YAMLError:
        read_back = None
    if read_back != overridden:
        keys = ", ".join(changed)
        raise ConfigError(f"{path}: cannot write {keys} as it is laid out. Give every key a line of its own.")
    return text, changed


def value_at(block: Any, dotted: str) -> Any:
    """The value under a dotted key of nested blocks."""
    for name in dotted.split("."):
        block = block[name]
    return block


def holds(block: Any, dotted: str, value: Any) -> bool:
    """Whether nested blocks have this value under a dotted key."""
    try:
        return bool(value_at(block, dotted) == value)
    except (KeyError, TypeError):
        return False


def _with_value(text: str, dotted: str, value: Any) -> str:
    """`text` with the value of one key replaced where it stands."""
    parent, _, key = dotted.rpartition(".")
    document = YAML().load(text)
    block = value_at(document, parent) if parent else document
    if parent and block.fa.flow_style():  # {a: 1, b: 2} on one line is one value
        return _with_value(text, parent, {**block, key: value})
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
