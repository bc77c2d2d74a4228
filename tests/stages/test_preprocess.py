from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from vfal.core.config.params import Params
from vfal.core.errors import DataError
from vfal.core.files import read_json
from vfal.data.media import PackedFaces, PackedVoices
from vfal.stages.preprocess import run


def strict(params: Params) -> Params:
    return params.model_copy(
        update={"preprocess": params.preprocess.model_copy(update={"max_corrupt_ratio": 0.0})}
    )


def test_every_item_is_packed_but_the_broken_one_which_is_named(params: Params) -> None:
    report = read_json(Path("reports/preprocess.json"))
    broken = pd.read_parquet("data/prepared/faces.parquet").query("problem != ''")["path"].tolist()
    assert report["quarantined"] == [{"path": path, "reason": "not an image"} for path in broken]
    assert report["corrupt_ratio"] == len(broken) / report["items"]
    packed = len(PackedVoices(Path("data/media")).index) + len(PackedFaces(Path("data/media")).index)
    assert packed == report["items"] - len(broken) == 2 * 38 * 3 - len(broken)
    assert PackedFaces(Path("data/media")).pixels_MHWC.shape[1:] == (32, 32, 3)


def test_finished_shards_are_cleared_away(params: Params) -> None:
    assert list(Path(".state/preprocess").iterdir()) == []


def test_too_many_broken_files_stop_the_map_and_are_all_in_the_report(
    params: Params, again: Callable[..., Path]
) -> None:
    again("data/media", "reports/preprocess.json")
    faces = pd.read_parquet("data/prepared/faces.parquet")
    faces.loc[:2, "path"] = "faces/gone.jpg"
    faces.to_parquet("data/prepared/faces.parquet")
    with pytest.raises(
        DataError, match=r"[34] of 228 files cannot be decoded .*max_corrupt_ratio 0.0% allows. First: "
    ):
        run(strict(params))
    reasons = [entry["reason"] for entry in read_json(Path("reports/preprocess.json"))["quarantined"]]
    assert reasons.count("No such file or directory") == 3


def test_preprocessing_again_gives_the_same_bytes(
    params: Params, again: Callable[..., Path], finished: Path
) -> None:
    folder = again("data/media", "reports/preprocess.json")
    run(params)
    for path in [*(finished / "data/media").iterdir(), finished / "reports/preprocess.json"]:
        assert (folder / path.relative_to(finished)).read_bytes() == path.read_bytes()
