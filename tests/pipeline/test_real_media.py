"""Fourteen real people through the whole map. Its figures mean nothing; that it ends does."""

from collections.abc import Iterator
from contextlib import chdir
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

from vfal.core.config.params import Params, load_params
from vfal.core.files import read_json, write_json
from vfal.stages import STAGES

from ..stages.conftest import SMALL, run_stage
from ..tiny_params import raw_params

REAL = SMALL | {
    "seeds": [1],
    "prepare__identities": {"pretrain": 4, "train": 4, "val": 3, "test": 3},
    "prepare__trials__candidates": 2,
    "validate__genders": ["m", "f", "u"],
    "validate__least_genders": 1,
    "validate__trial_groups": ["all"],
    "validate__positive_ratio": {"least": 0.0, "most": 1.0},
    "validate__report_only": ["shared_videos"],
    "pretrain__batch_identities": 4,
    "embed__voice_s": 1.0,
    "warm_up__batch_size": 4,
    "weigh_identities__initial_ratio": 0.5,
    "weigh_identities__growth_ratio": 0.25,
    "weigh_identities__keep_ratio": 0.75,
    "retrain__batch_size": 4,
    "evaluate__groups": ["all"],
    "evaluate__matching_sizes": [2],
    "evaluate__bootstrap_replicates": 20,
    "ablate__variants": {},
    "evaluate__models": ["warm_up", "seeking_the_shape"],
    "compare__retrieved_voices": 2,
}


@pytest.fixture(scope="module")
def real_media(shared_folder: Path) -> Path:
    if not (shared_folder / "real_media").is_dir():
        pytest.skip("the recordings of real people are not beside the checkout")
    return shared_folder / "real_media"


@pytest.fixture(scope="module")
def folder(real_media: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which every stage has run once, on the stills."""
    folder = tmp_path_factory.mktemp("real")
    write_json(folder / "params.yaml", raw_params(**REAL, collect__root=str(real_media)))
    with pytest.MonkeyPatch.context() as patch, chdir(folder):
        patch.delenv("VFAL_STATE", raising=False)
        params = load_params()
        for name in STAGES:
            run_stage(name, params)
        yield folder


def test_real_people_go_through_the_whole_map(folder: Path) -> None:
    assert read_json(folder / "reports/collect.json")["quarantined"] == []
    assert read_json(folder / "reports/preprocess.json")["quarantined"] == []
    assert read_json(folder / "reports/validate.json")["success"] == 1
    metrics = read_json(folder / "reports/evaluate/seeking_the_shape.json")
    assert 0 <= metrics["matching_1_2/v2f/all/accuracy"] <= 1
    assert (folder / "reports/index.html").stat().st_size > 10_000


def test_frames_of_their_videos_are_listed_with_the_video(
    real_media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VFAL_STATE", raising=False)
    raw = raw_params(**REAL | {"collect__dataset": "vox1_video", "collect__root": str(real_media)})
    write_json(tmp_path / "params.yaml", raw)
    import_module("vfal.stages.collect").run(params := load_params())
    assert isinstance(params, Params)
    clips, faces = (pd.read_parquet(f"data/raw/{name}.parquet") for name in ("clips", "faces"))
    assert set(faces["video"]) == set(clips["video"]) and len(faces) == len(
        list(real_media.glob("unz*/*/*/*/*.jpg"))
    )
