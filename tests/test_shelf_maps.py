from pathlib import Path

import pytest

from vfal.core.config.params import Params, load_params
from vfal.shelf_maps import TEXT, map_of, stages_of, write_maps

from .tiny_params import tiny_params


@pytest.fixture
def folder(tmp_path: Path, repository: Path) -> Path:
    """A checkout with nothing but the text that all maps are made from."""
    (tmp_path / TEXT).parent.mkdir()
    (tmp_path / TEXT).write_bytes((repository / TEXT).read_bytes())
    return tmp_path


def without(params: Params, method: str) -> Params:
    models = {name: model for name, model in params.train_method.models.items() if model.method != method}
    return params.model_copy(
        update={"train_method": params.train_method.model_copy(update={"models": models})}
    )


def test_the_maps_of_the_repository_are_those_of_its_params(folder: Path, repository: Path) -> None:
    write_maps(load_params(repository / "params.yaml"), folder)
    made, kept = (
        {path.relative_to(root): path.read_text() for path in root.glob("leaderboard/*/dvc.yaml")}
        for root in (folder, repository)
    )
    assert made == kept


def test_maps_are_written_once_and_again_when_models_or_the_common_text_change(folder: Path) -> None:
    params = tiny_params()
    methods = {model.method for model in params.train_method.models.values()}
    assert len(write_maps(params, folder)) == len(methods)
    assert write_maps(params, folder) == []
    (folder / TEXT).write_text((folder / TEXT).read_text() + "# changed\n")
    assert len(write_maps(params, folder)) == len(methods)


def test_the_map_of_a_method_without_models_goes_and_a_map_of_ones_own_stays(folder: Path) -> None:
    params = tiny_params()
    write_maps(params, folder)
    gone, own = (folder / map_of(method) for method in ("trinet", "mine"))
    own.parent.mkdir()
    for path in (gone, own):
        path.with_suffix(".lock").write_text("schema: '2.0'\n")
    own.write_text("stages: {}\n")
    said = write_maps(without(params, "trinet"), folder)
    assert [line for line in said if "trinet/dvc.yaml: removed" in line] == said
    assert not gone.exists() and not gone.with_suffix(".lock").exists()
    assert own.exists() and own.with_suffix(".lock").exists()


def test_a_models_stages_stand_in_the_map_of_its_method() -> None:
    assert stages_of(tiny_params(), "fvcme_adaptive") == [
        "leaderboard/fvcme/dvc.yaml:train_method@fvcme_adaptive",
        "leaderboard/fvcme/dvc.yaml:evaluate_method@fvcme_adaptive",
    ]
