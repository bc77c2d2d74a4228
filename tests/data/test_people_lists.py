from pathlib import Path

import pandas as pd
import pytest

from vfal.core.errors import DataError
from vfal.data.people_lists import read_splits, read_withdrawn, write_list


def test_a_list_that_is_not_there_names_nobody(tmp_path: Path) -> None:
    assert read_withdrawn(tmp_path / "withdrawn.csv").empty
    assert read_splits(tmp_path / "splits.csv") == {}


def test_the_lists_of_the_repository_name_nobody(repository: Path) -> None:
    assert read_withdrawn(repository / "withdrawn.csv").empty
    assert read_splits(repository / "splits.csv") == {}


def test_what_is_written_is_read_again_sorted_by_identity(tmp_path: Path) -> None:
    path = tmp_path / "withdrawn.csv"
    rows = {"identity": ["id2", "id1"], "date": "2026-11-21", "reason": ["by letter, twice", ""]}
    write_list(path, pd.DataFrame(rows))
    assert path.read_text().startswith("identity,date,reason\nid1,")
    assert read_withdrawn(path)["reason"].tolist() == ["", "by letter, twice"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("who,when\nid1,2026\n", "found columns who, when; expected identity, split"),
        ("identity,split\nid1,train\nid1,val\n", "id1 is listed twice"),
        ("identity,split\n,train\n", "a row without an identity"),
        ("identity,split\nid1,tset\n", "identity id1 has split 'tset'; expected pretrain, train, val"),
        ("", "not a table of identity, split"),
    ],
)
def test_a_list_that_is_no_such_table_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "splits.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=told):
        read_splits(path)
