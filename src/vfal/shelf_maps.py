"""The shelf's maps: one `leaderboard/<method>/dvc.yaml` a method, written from one text and params.yaml."""

from pathlib import Path

from vfal.core.config.params import Params
from vfal.core.files import write_text
from vfal.tracking.provenance import SHELF_MAPS

TABLE = f"{SHELF_MAPS / 'dvc.yaml'}:leaderboard"
TEXT = SHELF_MAPS / "method.dvc.yaml"


def map_of(method: str) -> Path:
    """Where the map of a method lies."""
    return SHELF_MAPS / method / "dvc.yaml"


def stages_of(params: Params, name: str) -> list[str]:
    """The stages of the model `name` as dvc addresses them: training, then evaluation."""
    place = map_of(params.train_method.models[name].method)
    return [f"{place}:{stage}@{name}" for stage in ("train_method", "evaluate_method")]


def map_texts(params: Params, common: str) -> dict[Path, str]:
    """What the map of every method with a model in params.yaml says; `common` is the text of `TEXT`."""
    models: dict[str, list[str]] = {}
    for name, model in params.train_method.models.items():
        models.setdefault(model.method, []).append(name)
    return {
        map_of(method): common.replace("<method>", method).replace("<models>", ", ".join(names))
        for method, names in models.items()
    }


def write_maps(params: Params, folder: Path) -> list[str]:
    """Make the maps below `folder` those of params.yaml, and say which changed.

    The map of a method that has no model any more goes, its lock file with it; a map that was not written
    here stays.
    """
    common = (folder / TEXT).read_text(encoding="utf-8")
    wanted = {folder / place: text for place, text in map_texts(params, common).items()}
    said = []
    for path, text in wanted.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)
            said.append(f"{path.relative_to(folder)}: written from params.yaml and {TEXT}.")
    head = common.partition("\n")[0]
    for path in sorted({*folder.glob(f"{SHELF_MAPS}/*/dvc.yaml")} - {*wanted}):
        if path.read_text(encoding="utf-8").startswith(head):
            path.with_suffix(".lock").unlink(missing_ok=True)
            path.unlink()
            said.append(f"{path.relative_to(folder)}: removed; params.yaml has no model of this method.")
    return said
