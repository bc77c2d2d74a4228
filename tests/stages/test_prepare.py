from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from vfal.core.config.params import Params
from vfal.core.errors import ConfigError
from vfal.core.files import read_json
from vfal.stages.prepare import run


def read(name: str) -> pd.DataFrame:
    return pd.read_parquet(f"data/prepared/{name}.parquet")


def test_people_are_split_and_those_left_out_go_with_their_items(params: Params) -> None:
    identities = read("identities")
    assert identities["split"].value_counts().to_dict() == {"train": 16, "pretrain": 8, "test": 8, "val": 6}
    for name in ("clips", "faces"):
        assert set(read(name)["identity"]) == set(identities["identity"])


def test_trials_are_of_the_people_and_readable_items_of_their_split(params: Params) -> None:
    split_of = read("identities").set_index("identity")["split"]
    faces = read("faces")
    readable = faces[faces["problem"] == ""].set_index("face")["identity"]
    for split in ("val", "test"):
        asked = read(f"trials/{split}_matching").query("direction == 'v2f'")
        assert not asked.empty and set(split_of[readable[asked["candidate_0"]]]) == {split}


def test_the_report_counts_people_items_and_trials(params: Params) -> None:
    report = read_json(Path("reports/prepare.json"))
    assert (
        report["identities"] == {"pretrain": 8, "train": 16, "val": 6, "test": 8} and report["left_out"] == 2
    )
    assert report["clips"] == 38 * 3 and report["trials"]["test_matching"] == len(
        read("trials/test_matching")
    )


def test_preparing_again_gives_the_same_bytes(
    params: Params, again: Callable[..., Path], finished: Path
) -> None:
    folder = again("data/prepared", "reports/prepare.json")
    run(params)
    for path in [*(finished / "data/prepared").rglob("*.parquet"), finished / "reports/prepare.json"]:
        assert (folder / path.relative_to(finished)).read_bytes() == path.read_bytes()


def test_items_of_people_nobody_knows_stay_for_validate_to_name(
    params: Params, again: Callable[..., Path]
) -> None:
    again("data/prepared")
    clips = pd.read_parquet("data/raw/clips.parquet")
    clips.loc[0, "identity"] = "id99999"
    clips.to_parquet("data/raw/clips.parquet")
    run(params)
    assert "id99999" in set(read("clips")["identity"])


def test_more_people_than_there_are_is_refused_by_the_key(params: Params, again: Callable[..., Path]) -> None:
    again("data/prepared")
    counts = params.prepare.identities.model_copy(update={"train": 924})
    asked = params.model_copy(update={"prepare": params.prepare.model_copy(update={"identities": counts})})
    with pytest.raises(ConfigError, match=r"prepare.identities: asks for 946 identities, the corpus has 40"):
        run(asked)
    assert not Path("data/prepared").exists()


def test_people_without_faces_are_missed_when_there_are_too_few(
    params: Params, again: Callable[..., Path]
) -> None:
    again()
    people = read("identities").query("split == 'val'")["identity"]
    faces = pd.read_parquet("data/raw/faces.parquet")
    faces[~faces["identity"].isin(people)].to_parquet("data/raw/faces.parquet")
    with pytest.raises(ConfigError, match=r"asks for 38 identities, the corpus has 34"):
        run(params)
