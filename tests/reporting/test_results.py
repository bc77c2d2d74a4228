from pathlib import Path

import numpy as np
import pytest

from vfal.core.errors import DataError
from vfal.core.files import read_json
from vfal.reporting.entries import Entry, Lineup
from vfal.reporting.findings import ceiling_sentence, weighting_sentence
from vfal.reporting.results import Result, headline_metrics, read_result, tidy

from .conftest import FinishedRun

METRIC = "matching_1_2/v2f/all/accuracy"
LINEUP = Lineup(
    (Entry("without_weights", "-W", "", "none"), Entry("seeking_the_shape", "full", "", "learned")),
    "without_weights",
)


def result(value: float, replicates: list[float]) -> Result:
    record = {"value": value, "low": value - 0.1, "high": value + 0.1, "sd": 0.0, "chance": 0.5}
    return Result({METRIC: record | {"trials": 10, "identities": 5}}, {METRIC: np.array(replicates)})


def compare(baseline: Result, main: Result, ceiling: Result | None = None):  # type: ignore[no-untyped-def]
    results = {"without_weights": baseline, "seeking_the_shape": main}
    return tidy(LINEUP, results, ceiling, [METRIC], level=0.95)


def test_differences_are_paired_by_resample() -> None:
    shared = np.linspace(-0.2, 0.2, 41)  # what the draw of people does to both
    table = compare(result(0.8, list(0.8 + shared)), result(0.83, list(0.83 + shared)))
    row = table.set_index("entry").loc["seeking_the_shape"]
    assert row["difference"] == pytest.approx(0.03)
    assert [row["difference_low"], row["difference_high"]] == pytest.approx([0.03, 0.03])


def test_chance_comes_first_and_the_ceiling_last() -> None:
    table = compare(result(0.8, [0.8, 0.8]), result(0.8, [0.8, 0.8]), result(0.9, [0.9, 0.9]))
    assert table["entry"].tolist() == ["chance", "without_weights", "seeking_the_shape", "ceiling"]
    assert table["value"].tolist() == [0.5, 0.8, 0.8, 0.9]


def test_the_baseline_has_no_difference_to_itself() -> None:
    table = compare(result(0.8, [0.8, 0.8]), result(0.8, [0.8, 0.8])).set_index("entry")
    assert np.isnan(table.loc["without_weights", "difference"])


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        ([-0.04, -0.02], "is BELOW its own -W by more than the interval on 1 of 1"),
        ([-0.02, 0.02], "is not below its own -W by more than the interval on any of 1"),
        ([0.02, 0.04], "is above it on 1: 1:2, all, v2f: +3.0"),
    ],
)
def test_the_sentence_about_weights_follows_the_paired_interval(
    gain: list[float], words: str, finished_run: FinishedRun
) -> None:
    main = result(0.8 + np.mean(gain), [0.8 + one for one in gain])
    table = compare(result(0.8, [0.8, 0.8]), main)
    assert words in weighting_sentence(table, LINEUP, finished_run.params)


def test_the_way_up_is_measured_from_chance_to_the_ceiling() -> None:
    table = compare(result(0.7, [0.7, 0.7]), result(0.7, [0.7, 0.7]), result(0.9, [0.9, 0.9]))
    assert "50 % of the way up" in ceiling_sentence(table, None)


def test_the_table_shows_the_largest_joint_mean_and_nothing_that_was_not_measured() -> None:
    names = [
        "joint_matching_m1/v2f/all/accuracy",
        "joint_matching_m4/v2f/all/accuracy",
        "retrieval/v2f/all/map",
    ]
    assert headline_metrics(dict.fromkeys(names), ("all",)) == [names[2], names[1]]


def test_the_table_shows_joint_tasks_that_were_asked_for_with_unequal_means() -> None:
    names = [
        f"joint_{task}_{size}/{direction}/all/{measure}"
        for task, measure in (("matching", "accuracy"), ("retrieval", "map"))
        for size in ("m2", "m20", "v20_f5", "v5_f20")
        for direction in ("v2f", "f2v")
    ]
    shown = headline_metrics(dict.fromkeys([*names, "joint_retrieval_m20/v2f/all/recall_at_1"]), ("all",))
    assert shown == [name for name in names if "_m2/" not in name]


def test_a_model_that_was_not_evaluated_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"rank_hardness/replicates.npz: no such file. Run `dvc repro evaluate@rank"
    ):
        read_result(tmp_path / "rank_hardness")


def test_replicates_of_another_shape_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "replicates.npz", names=np.array(["a", "b"]), replicates=np.zeros((5, 3)))
    with pytest.raises(DataError, match=r"shape \(5, 3\); expected a column for each of 2"):
        read_result(tmp_path)


def test_json_holds_every_row_and_who_was_dropped(finished_run: FinishedRun) -> None:
    found = read_json(Path("reports/results.json"))
    rows = found["matching_and_retrieval"]
    assert {"chance", "warm_up", "without_weights", "seeking_the_shape", "oracle_drop", "ceiling"} <= set(
        rows
    )
    assert rows["chance"][METRIC] == 0.5
    assert rows["ceiling"][METRIC] > rows["seeking_the_shape"][METRIC]
    assert found["dropped_identities"]["oracle_drop"]["precision"] == 1.0
    assert isinstance(found["numbers_below_without_weights"], int)
