from pathlib import Path

import pandas as pd
import pytest

from vfal.core.config.machine import Prepare
from vfal.core.errors import DataError
from vfal.core.tables import read_table, write_table
from vfal.data.trials import make_trials
from vfal.promotion.trials import fair_trials, seen_by

from ..tiny_params import tiny_params

PEOPLE = [f"id{number:02d}" for number in range(12)]


@pytest.fixture(scope="module")
def settings() -> Prepare:
    return tiny_params().prepare


@pytest.fixture
def folder(tmp_path: Path, settings: Prepare) -> Path:
    """Twelve people, of whom ten are in the test split, with three clips and faces each."""
    prepared = tmp_path / "data/prepared"
    people = pd.DataFrame(
        {
            "identity": PEOPLE,
            "gender": ["m", "f"] * 6,
            "nationality": ["Norway", "Norway", "India", "India"] * 3,
            "split": ["train", "val"] + ["test"] * 10,
        }
    )
    items = pd.DataFrame({"identity": [name for name in PEOPLE for _ in range(3)], "problem": ""})
    write_table(prepared / "identities.parquet", people)
    write_table(prepared / "clips.parquet", items.assign(clip=range(len(items))))
    write_table(prepared / "faces.parquet", items.assign(face=range(len(items))))
    return tmp_path


def owners(table: pd.DataFrame) -> set[str]:
    """Whose items a table of trials names; items are numbered three to a person."""
    columns = [name for name in table if name == "probe" or name.startswith("candidate")]
    return {PEOPLE[int(number) // 3] for column in columns for number in table[column].dropna()}


def test_with_nobody_seen_the_trials_are_those_that_prepare_wrote(folder: Path, settings: Prepare) -> None:
    fair = fair_trials(folder, settings, {"id00", "id01"}, least=2)
    tables = {name: read_table(folder / f"data/prepared/{name}.parquet", []) for name in ("clips", "faces")}
    people = read_table(folder / "data/prepared/identities.parquet", [])
    written = make_trials(
        people, tables["clips"], tables["faces"], split="test", seed=settings.seed, settings=settings.trials
    )
    assert fair.excluded == 0
    for name, table in written.items():
        pd.testing.assert_frame_equal(fair.trials[name], table)


def test_people_that_a_model_has_seen_are_neither_probes_nor_candidates(
    folder: Path, settings: Prepare
) -> None:
    seen = {"id02", "id03", "id04"}
    fair = fair_trials(folder, settings, seen, least=2)
    assert fair.excluded == 3 and set(fair.people["identity"]) == set(PEOPLE[5:])
    for table in fair.trials.values():
        assert owners(table) == set(PEOPLE[5:])


def test_too_few_people_decide_nothing(folder: Path, settings: Prepare) -> None:
    with pytest.raises(DataError, match=r"of 10 test identities 4 .*least_identities asks for 5"):
        fair_trials(folder, settings, set(PEOPLE[2:8]), least=5)


def test_a_model_has_seen_whom_it_learned_from_and_whom_it_was_chosen_on() -> None:
    splits = ["pretrain", "train", "val", "test", "left_out"]
    assert seen_by(pd.DataFrame({"identity": list("abcde"), "split": splits})) == {"a", "b", "c"}
