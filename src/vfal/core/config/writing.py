"""Writing single values into params.yaml without touching any other character."""

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML


def value_at(block: Any, dotted: str) -> Any:
    """The value under a dotted key of nested blocks."""
    for name in dotted.split("."):
        block = block[name]
    return block


def with_value(text: str, dotted: str, value: Any) -> str:
    """The text of params.yaml with the value of one dotted key replaced where it stands, comments kept."""
    parent, _, key = dotted.rpartition(".")
    document = YAML().load(text)
    block = value_at(document, parent) if parent else document
    old: Any = block[key]
    if isinstance(value, Mapping) and set(value) == set(old) and not old.fa.flow_style():
        for inner, item in value.items():  # line by line, so that each keeps its comment
            text = with_value(text, f"{dotted}.{inner}", item)
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
