"""What a trained model is made from: the raw data, and the parameters, code and commands of its stages."""

import hashlib
import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from vfal.core.config.params import MAIN
from vfal.core.errors import DataError
from vfal.core.files import sha256_of
from vfal.core.paths import RAW

LAST, FIRST = "retrain", "collect"
JUDGED_BY = f"evaluate@{MAIN}"


def origin_of(folder: Path) -> str:
    """Hex digest of what the model of the checkout `folder` is made from, when its stages are up to date.

    Equal digests are the same model. The tables of `collect` stand for the corpus and for who has
    withdrawn; splits follow from them and from the champion. A `DataError` before `collect` has run.
    """
    from dvc.dependency.param import ParamsDependency
    from dvc.repo import Repo
    from networkx import descendants

    parts: dict[str, Any] = {RAW.as_posix(): _raw_digest(folder)}
    with Repo(str(folder)) as repo:
        graph = repo.index.graph
        last = next(stage for stage in graph if stage.name == LAST)
        for stage in {last, *descendants(graph, last)}:
            if stage.name == FIRST:
                continue
            parts[stage.name] = stage.cmd
            for dep in stage.deps:
                if isinstance(dep, ParamsDependency):
                    parts[f"{stage.name} params"] = dep.read_params()
                elif Path(dep.def_path).parts[0] == "src":
                    parts[dep.def_path] = _code_digest(folder / dep.def_path)
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _raw_digest(folder: Path) -> str:
    lock = folder / "dvc.lock"
    stages = YAML(typ="safe").load(lock).get("stages", {}) if lock.exists() else {}
    for out in stages.get(FIRST, {}).get("outs", []):
        if out["path"] == RAW.as_posix():
            return str(out["md5"])
    raise DataError(f"{lock}: knows no {RAW}. Run `vfal repro` first.")


def _code_digest(path: Path) -> str:
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(path).as_posix()}:{sha256_of(file)}\n".encode())
    return digest.hexdigest()
