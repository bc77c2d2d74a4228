import shutil
from pathlib import Path

import pytest

from vfal.core.config.params import check, with_overrides
from vfal.core.errors import DataError, MachineError
from vfal.serving.scorer import Scorer
from vfal.tracking.chosen import example_pair
from vfal.tracking.fetch import model_folder
from vfal.tracking.mirror import sync


def score(folder: Path) -> float:
    pair = example_pair()
    return float(Scorer(folder).score([pair["voice"]], [pair["face"]])[0])


def test_what_is_trained_here_registered_and_saved_is_the_same_model(params, checkout):
    with model_folder("", params) as folder:
        here = score(folder)
        shutil.copytree(folder, "copy")
    sync(params)
    with model_folder("models:/vfal@candidate", params) as folder:
        assert score(folder) == pytest.approx(here, abs=1e-6)
    assert not folder.exists()
    saved = next(path.parent for path in (checkout / "mlruns").rglob("MLmodel"))
    for place in ("copy", str(saved)):
        with model_folder(place, params) as folder:
            assert score(folder) == pytest.approx(here, abs=1e-6)


def test_a_model_that_is_not_there_is_named(params, checkout, small_raw):
    sync(params)
    shutil.rmtree("models/trained")
    missing = {
        "": r"models/trained: nothing trained here. Run `vfal repro`, or name a model: --model.",
        "data": r"data: no params.json in it; expected a folder that holds a model of vfal.",
        "models:/vfal@champion": r"models:/vfal@champion: not to be had from MLflow at sqlite:.*champion",
        "models:/nobody/1": r"models:/nobody/1: not to be had from MLflow at sqlite:.*nobody",
        "models:/": r"models:/: not to be had from MLflow",
    }
    for model, sentence in missing.items():
        with pytest.raises(DataError, match=sentence) as caught, model_folder(model, params):
            pass
        assert "\n" not in str(caught.value)
    silent = check(with_overrides(small_raw, {"tracking.uri": "http://127.0.0.1:9"}))
    with (
        pytest.raises(MachineError, match="the server does not answer"),
        model_folder("models:/vfal@candidate", silent),
    ):
        pass
