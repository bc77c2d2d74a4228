import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vfal.core.config.params import Params
from vfal.core.errors import ConfigError, DataError
from vfal.core.files import read_json
from vfal.data.features import read_features
from vfal.data.plain_pickle import read_plain_pickle

from ..layouts import lay_out
from ..stages.conftest import SMALL, run_stage
from ..tiny_params import tiny_params

PACK = SMALL | {
    "prepare__split": "own",
    "prepare__identities": {"pretrain": 0, "train": 8, "val": 2, "test": 2},
    "validate__splits": ["train", "val", "test"],
    "validate__genders": ["m"],
    "validate__least_genders": 1,
    "validate__trial_groups": ["all"],
    "validate__report_only": ["nationality", "shared_videos"],
    "validate__positive_ratio": {"least": 0.0, "most": 1.0},
    "prepare__trials__candidates": 2,
    "evaluate__matching_sizes": [2],
}


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VFAL_STATE", raising=False)
    where = lay_out("vfal_eva_features", tmp_path / "pack", people=12)
    return tiny_params(**PACK | {f"collect__{key}": value for key, value in where.items()})


def test_vectors_pass_the_stages_that_would_make_them(params: Params) -> None:
    for stage in ("collect", "prepare", "validate", "preprocess", "pretrain", "embed"):
        run_stage(stage, params)
    pack = read_plain_pickle(Path("pack/voice_input.pkl"))
    ids = read_plain_pickle(Path("pack/info/name2voice_id.pkl"))
    features = read_features(Path("data/features"), "voice")
    clips = pd.read_parquet("data/prepared/clips.parquet").merge(features.index, on="clip")
    assert len(clips) == len(pack) == 24
    for name, video, item, row in zip(
        *zip(*clips["path"].str.split("/"), strict=True), clips["row"], strict=True
    ):
        raw = pack[f"{ids[name]}/{video}/{item}"]
        np.testing.assert_allclose(features.vectors_ND[row], raw / np.linalg.norm(raw), rtol=1e-6)
    assert read_json(Path("reports/validate.json"))["findings"] == 2


def test_vectors_cannot_be_trained_on_as_if_they_were_media(params: Params) -> None:
    with pytest.raises(ConfigError, match=r"regime: found raw; .* vfal_eva_features has no media"):
        tiny_params(collect__dataset="vfal_eva_features", methods__seeking_the_shape__regime="raw")


def test_a_vector_of_zeros_is_a_named_problem(params: Params) -> None:
    path = Path("pack/face_input.pkl")
    vectors = read_plain_pickle(path)
    first = sorted(vectors)[0]
    path.write_bytes(pickle.dumps(vectors | {first: np.zeros(8)}))
    with pytest.raises(DataError, match=r"Person_000/video0/00000000.jpg \(a vector of zeros"):
        run_stage("collect", params)


class Attack:
    def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
        return os.mkdir, ("attacked",)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"vector": Attack()}, protocol))
    with pytest.raises(DataError, match=r"a.pkl: refused: it asks for posix.mkdir; only plain containers"):
        read_plain_pickle(path)
    assert not Path("attacked").exists()


@pytest.mark.parametrize("protocol", range(6))
def test_containers_and_arrays_come_back_as_they_are(tmp_path: Path, protocol: int) -> None:
    value = {
        "a/b.wav": np.arange(6, dtype=np.float32).reshape(2, 3),
        "f": np.float64(2.5),
        "s": {1, 2},
        "t": ("é", b"x"),
    }
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(value, protocol))
    found = read_plain_pickle(tmp_path / "a.pkl")
    np.testing.assert_array_equal(found.pop("a/b.wav"), value.pop("a/b.wav"))
    assert found == value


def test_a_damaged_pickle_and_an_array_of_objects_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "cut.pkl").write_bytes(pickle.dumps(list(range(1000)))[:50])
    with pytest.raises(DataError, match=r"cut.pkl: not a readable pickle|cut.pkl: refused"):
        read_plain_pickle(tmp_path / "cut.pkl")
    (tmp_path / "objects.pkl").write_bytes(pickle.dumps([np.array([{}, None], dtype=object)]))
    with pytest.raises(DataError, match=r"objects.pkl: refused: an array of Python objects"):
        read_plain_pickle(tmp_path / "objects.pkl")
    with pytest.raises(DataError, match=r"none.pkl: no such file"):
        read_plain_pickle(tmp_path / "none.pkl")
