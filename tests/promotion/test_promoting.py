import json
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from vfal.core.config.params import Params
from vfal.core.errors import DataError, MachineError
from vfal.promotion.promoting import judged_digest
from vfal.promotion.records import Decision, newest
from vfal.promotion.rollback import roll_back
from vfal.tracking.aliases import Aliases, Version

Promote = Callable[..., Decision]
Train = Callable[[], None]


@pytest.fixture
def client(checkout: Path) -> MlflowClient:
    return MlflowClient(tracking_uri=f"sqlite:///{checkout}/mlflow.db")


def aliases(client: MlflowClient) -> dict[str, str]:
    return {name: str(number) for name, number in client.get_registered_model("vfal").aliases.items()}


@pytest.fixture
def second(promote: Promote, train: Train, accuracy: dict[str, float]) -> Decision:
    """A second model that has taken the first one's place."""
    promote()
    train()
    accuracy.update({"1": 0.70, "2": 0.75})
    return promote()


def test_the_first_model_is_champion_because_there_was_none(promote: Promote, client: MlflowClient) -> None:
    decision = promote()
    assert decision.outcome == "first" and decision.applied
    assert aliases(client) == {"candidate": "1", "champion": "1"}


def test_the_same_model_again_decides_nothing(promote: Promote, checkout: Path) -> None:
    promote()
    assert promote().outcome == "unchanged"
    assert len(list((checkout / ".state/promotions").glob("*.json"))) == 1


def test_a_champion_made_once_more_by_other_means_is_known_by_them(
    promote: Promote, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote()
    monkeypatch.setattr("vfal.promotion.promoting.origin_of", lambda folder: "other code")
    assert promote().outcome == "unchanged"
    assert client.get_model_version("vfal", "1").tags["vfal.origin"] == "other code"


def test_a_better_model_takes_the_place_and_the_old_one_is_kept_as_previous(
    second: Decision, client: MlflowClient
) -> None:
    assert second.outcome == "promoted"
    assert aliases(client) == {"candidate": "2", "champion": "2", "previous": "1"}


def test_a_worse_model_changes_nothing_but_its_own_tags(
    promote: Promote, train: Train, accuracy: dict[str, float], client: MlflowClient
) -> None:
    promote()
    train()
    accuracy.update({"1": 0.70, "2": 0.66})
    assert promote().outcome == "kept"
    assert aliases(client) == {"candidate": "2", "champion": "1"}
    assert client.get_model_version("vfal", "2").tags["vfal.promotion"] == "kept"


def test_the_reason_is_on_the_version_beside_its_run_and_on_disk(
    second: Decision, client: MlflowClient, checkout: Path
) -> None:
    version = client.get_model_version("vfal", "2")
    assert version.tags["vfal.promotion.reason"] == second.reason
    assert "+0.0500 (95% interval" in second.reason and "rule better asks" in second.reason
    kept = {Path(one.path).name for one in client.list_artifacts(version.run_id, "promotion")}
    assert {"0002-promoted.json", "0002-promoted.md"} <= kept
    on_disk = json.loads((checkout / ".state/promotions/0002-promoted.json").read_text())
    assert on_disk["reason"] == second.reason and on_disk["applied"] is True
    assert "| matching_1_2/v2f/all/accuracy | 0.7000 | 0.7500 |" in second.stem.with_suffix(".md").read_text()


def test_a_decision_read_again_is_the_decision(second: Decision) -> None:
    assert newest() == second


def test_a_champion_trained_with_people_who_withdrew_is_held_to_the_other_rule(
    promote: Promote, train: Train, accuracy: dict[str, float], checkout: Path
) -> None:
    promote()
    train()
    (checkout / "withdrawn.csv").write_text("identity,date,reason\nid03,2026-11-21,\n")
    accuracy.update({"1": 0.700, "2": 0.695})
    decision = promote()
    assert decision.outcome == "promoted"
    assert "rule not_worse" in decision.reason and "1 who have withdrawn since (id03)" in decision.reason


def test_mlflow_that_dies_while_aliases_move_is_one_sentence_and_the_same_decision_later(
    promote: Promote,
    train: Train,
    accuracy: dict[str, float],
    client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    promote()
    train()
    accuracy.update({"1": 0.70, "2": 0.75})

    def dead(self: Aliases, alias: str, version: Version) -> None:
        raise MlflowException("connection refused")

    with monkeypatch.context() as context:
        context.setattr(Aliases, "give", dead)
        with pytest.raises(MachineError, match=r"connection refused.*Nothing is lost"):
            promote()
    left = newest()
    assert left is not None and (left.outcome, left.applied) == ("promoted", False)
    assert aliases(client)["champion"] == "1"
    assert promote().outcome == "promoted"
    assert aliases(client)["champion"] == "2" and aliases(client)["previous"] == "1"


def test_an_mlflow_that_is_not_there_stops_everything_at_once(params: Params, promote: Promote) -> None:
    from vfal.promotion.promoting import promote as plainly

    elsewhere = params.tracking.model_copy(update={"uri": "http://127.0.0.1:9"})
    with pytest.raises(MachineError, match=r"MLflow at http://127.0.0.1:9: .*does not answer"):
        plainly(params.model_copy(update={"tracking": elsewhere}), scheduled=False)


def test_what_was_judged_depends_on_origin_champion_and_rule(params: Params) -> None:
    one, two = (Version(number, "run", {}, ()) for number in "12")
    digests = {
        judged_digest("origin", one, params.promote),
        judged_digest("other", one, params.promote),
        judged_digest("origin", two, params.promote),
        judged_digest("origin", None, params.promote),
        judged_digest("origin", one, params.promote.model_copy(update={"tolerance": 0.5})),
    }
    assert len(digests) == 5


class TestRollback:
    def test_the_champion_before_answers_again_and_the_reason_is_on_both(
        self, second: Decision, params: Params, client: MlflowClient
    ) -> None:
        decision = roll_back(params, "noise on Mondays")
        assert decision.applied and "noise on Mondays" in decision.reason
        assert aliases(client) == {"candidate": "2", "champion": "1", "previous": "2"}
        for number in "12":
            assert client.get_model_version("vfal", number).tags["vfal.promotion.reason"] == decision.reason

    def test_rolled_back_twice_is_where_it_was(
        self, second: Decision, params: Params, client: MlflowClient
    ) -> None:
        roll_back(params, "no")
        roll_back(params, "yes")
        assert aliases(client) == {"candidate": "2", "champion": "2", "previous": "1"}
        marked = [n for n in "12" if "vfal.promotion.rolled_back" in client.get_model_version("vfal", n).tags]
        assert marked == ["1"]

    def test_a_schedule_does_not_undo_it_and_a_person_may(
        self, second: Decision, params: Params, promote: Promote
    ) -> None:
        roll_back(params, "no")
        scheduled = promote(scheduled=True)
        assert scheduled.outcome == "kept" and "was rolled back on" in scheduled.reason
        assert promote().outcome == "promoted"

    def test_with_nobody_before_there_is_nothing_to_go_back_to(
        self, promote: Promote, params: Params, client: MlflowClient
    ) -> None:
        with pytest.raises(DataError, match="there is no champion"):
            roll_back(params, "no")
        promote()
        with pytest.raises(DataError, match="version 1 is champion, and no other version was before it"):
            roll_back(params, "no")
        assert aliases(client)["champion"] == "1"
