"""The maps as tests see them: all stages with every `${...}` filled in, and what each imports."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grimp
from ruamel.yaml import YAML

from vfal.core.config.params import Params
from vfal.datasets import SHELF as DATASETS
from vfal.methods import SHELF as METHODS
from vfal.nn.catalogue import ENCODERS
from vfal.protocols import SHELF as PROTOCOLS
from vfal.shelf_maps import TEXT, map_texts
from vfal.tracking.provenance import SHELF_MAPS

# Who takes entries down from a shelf, by module address, imports every entry of it.
SHELVES = {
    "vfal.datasets": DATASETS.values(),
    "vfal.protocols": PROTOCOLS.values(),
    "vfal.nn.catalogue": [address for shelf in ENCODERS.values() for address in shelf.values()],
}


@dataclass(frozen=True)
class Stage:
    """One stage of dvc.yaml; `block` is its name without `@item`."""

    name: str
    block: str
    item: str
    desc: str
    cmd: str
    deps: list[str]
    outs: list[str]
    params: list[str]
    method: str = "seeking_the_shape"  # the one of the shelf that the stage takes down


def maps(repository: Path, params: Params) -> list[str]:
    """The texts of all maps: dvc.yaml, those of the shelf as `params` make them, and the table's."""
    main, common, table = (
        (repository / path).read_text(encoding="utf-8")
        for path in ("dvc.yaml", TEXT, SHELF_MAPS / "dvc.yaml")
    )
    return [main, *map_texts(params, common).values(), table]


def read_map(text: str, params: dict[str, Any]) -> list[Stage]:
    stages = []
    for block, body in _load(text)["stages"].items():
        if "foreach" not in body:
            stages.append(_stage(block, "", body, params))
            continue
        each = body["foreach"] if isinstance(body["foreach"], list) else fill(body["foreach"], params)
        for item in each:
            inner = params | ({"key": item, "item": each[item]} if isinstance(each, dict) else {"item": item})
            stages.append(_stage(block, item, body["do"], inner))
    return stages


def load(path: Path) -> Any:
    return _load(path.read_text(encoding="utf-8"))


def _load(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def fill(text: str, values: dict[str, Any]) -> Any:
    """`text` with each `${a.b}` replaced; the value itself when that is all there is."""
    if whole := re.fullmatch(r"\$\{([\w.]+)\}", text):
        return look_up(values, whole[1])
    return re.sub(r"\$\{([\w.]+)\}", lambda found: str(look_up(values, found[1])), text)


def look_up(values: Any, dotted: str) -> Any:
    """The value of a dotted key; a key that itself holds dots is found too."""
    if not dotted:
        return values
    for end in range(len(dotted), 0, -1):
        if isinstance(values, dict) and dotted[:end] in values and dotted[end : end + 1] in ("", "."):
            return look_up(values[dotted[:end]], dotted[end + 1 :])
    raise KeyError(dotted)


def _stage(block: str, item: str, body: dict[str, Any], values: dict[str, Any]) -> Stage:
    def paths(*kinds: str) -> list[str]:
        entries = [entry for kind in kinds for entry in body.get(kind, [])]
        return [fill(next(iter(entry)) if isinstance(entry, dict) else entry, values) for entry in entries]

    return Stage(
        name=f"{block}@{item}" if item else block,
        block=block,
        item=item,
        desc=body["desc"],
        cmd=fill(body["cmd"], values),
        deps=paths("deps"),
        outs=paths("outs", "metrics", "plots"),
        params=paths("params"),
        method=values["train_method"]["models"].get(item, {}).get("method", "seeking_the_shape"),
    )


class Imports:
    """Which modules of the package come along when a module is imported."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.graph = grimp.build_graph("vfal", cache_dir=None)
        for importer, addresses in SHELVES.items():
            for address in addresses:
                self.graph.add_import(importer=importer, imported=address.split(":")[0])

    def files_of(self, stage: Stage) -> set[str]:
        """Files that hold code, relative to the repository, of all that a stage imports."""
        found, todo = set(), [f"vfal.stages.{stage.block}"]
        while todo:
            name = todo.pop()
            if name in found:
                continue
            found.add(name)
            todo += self.graph.find_modules_directly_imported_by(name)
            if name == "vfal.methods":
                todo.append(METHODS[stage.method].split(":")[0])
            if "." in name:
                todo.append(name.rpartition(".")[0])  # a package's __init__ runs before its modules
        # vfal and vfal.stages hold a version and names; no stage's outcome depends on them.
        return {
            f"src/{file}"
            for name in found - {"vfal", "vfal.stages"}
            if (file := self._file(name)) is not None
        }

    def _file(self, module: str) -> str | None:
        path = self.source / Path(*module.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        body = ast.parse(path.read_text(encoding="utf-8")).body
        only_docstring = all(isinstance(node, ast.Expr) for node in body)
        return None if only_docstring else path.relative_to(self.source).as_posix()


def covers(paths: list[str], file: str) -> bool:
    """Whether `file` is one of `paths` or lies in one."""
    return any(file == path or file.startswith(f"{path}/") for path in paths)
