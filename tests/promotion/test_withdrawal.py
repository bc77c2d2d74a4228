from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from vfal.core.config.params import Params
from vfal.core.errors import ConfigError, MachineError
from vfal.core.tables import write_table
from vfal.data.people_lists import read_withdrawn
from vfal.promotion.records import Decision
from vfal.promotion.withdrawal import forget, print_holdings

from ..tracking.conftest import PEOPLE


@pytest.fixture(autouse=True)
def corpus(checkout: Path) -> None:
    names = [f"Person_{number}" for number in range(len(PEOPLE))]
    write_table(Path("data/raw/identities.parquet"), pd.DataFrame({"identity": PEOPLE, "name": names}))


def test_somebody_who_withdraws_is_written_down_with_date_and_reason(params: Params) -> None:
    identity, added, holdings = forget(params, "id03", "by letter")
    assert (identity, added, holdings) == ("id03", True, [])
    row = read_withdrawn(Path("withdrawn.csv")).iloc[0]
    assert row["identity"] == "id03" and row["reason"] == "by letter" and row["date"].startswith("20")


def test_the_name_of_their_faces_will_do(params: Params) -> None:
    assert forget(params, "Person_4", "")[0] == "id04"


def test_a_second_time_changes_nothing(params: Params) -> None:
    forget(params, "id03", "first")
    assert forget(params, "id03", "second")[1] is False
    assert read_withdrawn(Path("withdrawn.csv"))["reason"].tolist() == ["first"]


def test_a_name_nobody_has_is_refused_with_the_nearest(params: Params) -> None:
    with pytest.raises(ConfigError, match=r"identity 'idd3': unknown .* Did you mean 'id03'"):
        forget(params, "idd3", "")
    assert not Path("withdrawn.csv").exists()


def test_versions_trained_with_somebody_are_listed_with_alias_and_what_to_do(
    params: Params, promote: Callable[[], Decision], capsys: pytest.CaptureFixture[str]
) -> None:
    promote()
    trained, tested = (forget(params, who, "")[2][0] for who in ("id03", "id08"))
    assert (trained.version, trained.split, tested.split) == ("1", "train", "test")
    assert "champion" in trained.aliases and trained.run_id and "flows.retrain" in trained.todo
    assert tested.todo.startswith("nothing")
    print_holdings("id03", True, [trained])
    assert "champion" in capsys.readouterr().out


def test_a_person_known_to_a_model_alone_can_withdraw(
    params: Params, promote: Callable[[], Decision]
) -> None:
    promote()
    write_table(Path("data/raw/identities.parquet"), pd.DataFrame({"identity": ["x"], "name": ["y"]}))
    assert forget(params, "id03", "")[2][0].version == "1"


def test_a_withdrawal_holds_even_when_mlflow_does_not_answer(params: Params) -> None:
    elsewhere = params.tracking.model_copy(update={"uri": "http://127.0.0.1:9"})
    with pytest.raises(MachineError, match=r"id03 is in withdrawn.csv.*cannot be said now"):
        forget(params.model_copy(update={"tracking": elsewhere}), "id03", "")
    assert read_withdrawn(Path("withdrawn.csv"))["identity"].tolist() == ["id03"]
