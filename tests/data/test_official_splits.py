from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from vfal.core.config.machine import Prepare
from vfal.core.errors import ConfigError, DataError
from vfal.data.official_splits import official_split, pins_lists, ssos_lists
from vfal.data.people_tables import folded, read_vgg2, read_vox1, read_vox2

from ..tiny_params import tiny_params

SSOS = {"pretrain": 0, "train": 924, "val": 112, "test": 189}


@pytest.fixture(scope="session")
def lists(shared_folder: Path) -> Path:
    return shared_folder / "lists"


@pytest.fixture
def everybody(lists: Path) -> pd.DataFrame:
    return read_vox1(lists / "cmpc_pins/vox1_meta.csv.gz")


def settings(split: str, folder: Path | str = "lists", **identities: int) -> Prepare:
    block = tiny_params().prepare
    counts = block.identities.model_copy(update={"pretrain": 0} | identities)
    return block.model_copy(update={"split": split, "lists": str(folder), "identities": counts})


def test_seeking_the_shape_has_924_112_and_189_people_and_leaves_26_out(
    lists: Path, everybody: pd.DataFrame
) -> None:
    splits = official_split(everybody, settings("ssos", lists / "ssos", **SSOS))
    assert Counter(splits.values()) == {"train": 924, "val": 112, "test": 189, "left_out": 26}
    left_out = everybody.loc[everybody["identity"].map(splits) == "left_out", "name"]
    assert left_out.str.contains(".", regex=False).sum() == 21
    assert {"Abbie_Cornish", "Charlie_Day", "David_Cassidy", "Martin_Shaw", "Michael_Socha"} < set(left_out)


def test_learnable_pins_has_901_100_and_250_people(lists: Path, everybody: pd.DataFrame) -> None:
    splits = official_split(
        everybody, settings("pins", lists / "cmpc_pins/Splits", train=901, val=100, test=250)
    )
    assert Counter(splits.values()) == {"train": 901, "val": 100, "test": 250}


def test_131_of_the_189_test_people_of_seeking_the_shape_train_learnable_pins(
    lists: Path, everybody: pd.DataFrame
) -> None:
    ssos, pins = ssos_lists(lists / "ssos"), pins_lists(lists / "cmpc_pins/Splits")
    tested = everybody[everybody["identity"].map(ssos) == "test"]
    assert Counter(tested["name"].map(pins)) == {"train": 131, "val": 7, "test": 51}


def test_people_who_are_missing_are_counted_and_named(lists: Path, everybody: pd.DataFrame) -> None:
    fewer = everybody[~everybody["name"].isin(["Fanny_Ardant", "Farrah_Abraham"])]
    with pytest.raises(
        ConfigError, match=r"train 922, .* asked .* 924.* there at all: 2, first id10310, id10311"
    ):
        official_split(fewer, settings("ssos", lists / "ssos", **SSOS))
    splits = official_split(fewer, settings("ssos", lists / "ssos", **SSOS | {"train": 922}))
    assert Counter(splits.values())["train"] == 922
    official_split(fewer, settings("ssos", lists / "ssos", **SSOS), withdrawn=2)


def test_a_list_that_was_changed_is_refused_by_its_counts(lists: Path, tmp_path: Path) -> None:
    import gzip

    for split in ("train", "val", "test"):
        text = gzip.decompress((lists / f"ssos/vox1_{split}.csv.gz").read_bytes()).decode()
        (tmp_path / f"vox1_{split}.csv").write_text(text.replace("id10310,Fanny_Ardant,f,Norway,dev\r\n", ""))
    with pytest.raises(
        DataError, match=r"vox1_train.csv: 923 usable and 18 excluded .* published are 924 and 18"
    ):
        ssos_lists(tmp_path)
    (tmp_path / "identity_splits.txt").write_text("Aamir_Khan 4 \nAaron_Tveit four\n")
    with pytest.raises(DataError, match=r"identity_splits.txt, line 2: found 'Aaron_Tveit four'"):
        pins_lists(tmp_path)


def test_a_folder_without_the_lists_is_refused_by_the_key(tmp_path: Path, everybody: pd.DataFrame) -> None:
    with pytest.raises(ConfigError, match=r"prepare.lists: 'gone' is not a folder. Split ssos is read from"):
        official_split(everybody, settings("ssos", "gone"))
    with pytest.raises(DataError, match=r"holds no vox1_train.csv"):
        official_split(everybody, settings("ssos", tmp_path))


def own_people(**sets: int) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        {"identity": f"{kind}{number}", "name": f"{kind} {number}", "set": kind}
        for kind, count in sets.items()
        for number in range(count)
    ]
    return pd.DataFrame(rows)


def test_trinet_trains_on_voxceleb2_without_namesakes_and_tests_on_voxceleb1() -> None:
    people = own_people(dev=8, test=2, vox1=3)
    people.loc[0, "name"], people.loc[12, "name"] = "Demián_Bichir", "Demian_Bichir"
    splits = official_split(people, settings("trinet", train=5, val=2, test=3))
    assert splits["dev0"] == "left_out" and splits["test1"] == "left_out"
    assert [name for name, split in splits.items() if split == "test"] == ["vox10", "vox11", "vox12"]


def test_a_corpus_may_bring_its_own_splits() -> None:
    people = own_people(dev=4, valid=2, test=3, other=1)
    splits = official_split(people, settings("own", train=4, val=2, test=3))
    assert Counter(splits.values()) == {"train": 4, "val": 2, "test": 3, "left_out": 1}
    with pytest.raises(ConfigError, match=r"prepare.split: needs a corpus that says it of its people"):
        official_split(people.drop(columns="set"), settings("own", train=4, val=2, test=3))


def test_test_people_of_mav_celeb_are_those_marked_in_its_table(lists: Path, tmp_path: Path) -> None:
    marked = ["Christoph Waltz (T)", "Franka Potente", "Jurgen Prochnow", "Boris Becker"]
    people = pd.DataFrame({"identity": [f"id{n:04d}" for n in range(4)], "name": marked})
    people.loc[0, "name"], people.loc[2, "name"] = "Christoph_Waltz", "Jürgen_Prochnow"
    (tmp_path / "v3_meta.txt").write_text("Christoph Waltz (T)\nFranka Potente (T)\nJurgen Prochnow\n")
    splits = official_split(people, settings("mav_celeb", tmp_path, train=1, val=1, test=2))
    assert {name for name, split in splits.items() if split == "test"} == {"id0000", "id0001"}
    (tmp_path / "v3_meta.txt").unlink()
    drawn = official_split(people, settings("mav_celeb", tmp_path, train=1, val=1, test=2))
    assert Counter(drawn.values()) == {"train": 1, "val": 1, "test": 2}
    with pytest.raises(DataError, match="'Herbert Groenemeyer' is nobody of the corpus"):
        official_split(people, settings("mav_celeb", lists / "mavceleb", train=1, val=1, test=2))


def test_both_forms_of_the_table_of_voxceleb2_say_the_same(lists: Path) -> None:
    tabs = read_vox2(lists / "voxceleb_meta/vox2_meta.csv.gz")
    commas = read_vox2(lists / "voxceleb_meta/comma_variant/vox2_meta.csv.gz")
    assert tabs["name"].str.contains(",").sum() == 15 and (~tabs["name"].map(str.isascii)).sum() == 668
    pd.testing.assert_frame_equal(tabs.drop(columns="name"), commas)
    counts = tabs.groupby(["set", "gender"]).size().to_dict()
    assert counts == {("dev", "f"): 2312, ("dev", "m"): 3682, ("test", "f"): 39, ("test", "m"): 81}


def test_names_of_vggface2_keep_their_commas_and_lose_their_quotes(lists: Path) -> None:
    names = read_vgg2(lists / "vggface2_meta/identity_meta_with_estimated_age.csv.gz")["name"]
    assert len(names) == 9131 and names.is_unique and names.str.contains(",").sum() == 19
    assert not names.str.contains('"').any() and (names == names.str.strip()).all()


def test_17_names_of_voxceleb1_are_in_vggface2_and_10_in_voxceleb2(
    lists: Path, everybody: pd.DataFrame
) -> None:
    vgg2 = read_vgg2(lists / "vggface2_meta/identity_meta_with_estimated_age.csv.gz")
    vox2 = read_vox2(lists / "voxceleb_meta/vox2_meta.csv.gz")
    ours = folded(everybody["name"])
    assert ours.isin(folded(vgg2["name"])).sum() == 17 and ours.isin(folded(vox2["name"])).sum() == 10
    dev = folded(vox2.loc[vox2["set"] == "dev", "name"])
    assert everybody.loc[ours.isin(dev), "name"].tolist() == ["Demian_Bichir"]
