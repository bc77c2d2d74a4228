import pandas as pd

from vfal.reporting.entries import Entry, Lineup
from vfal.reporting.published import published
from vfal.reporting.table import column_of, difference_rows, markdown, value_rows

LINEUP = Lineup((Entry("full", "Full method", "", "learned"),), None)


def tidy(metric: str, **numbers: float) -> pd.DataFrame:
    given = {"low": float("nan"), "high": float("nan"), "chance": 0.5, "difference": float("nan")} | numbers
    return pd.DataFrame([{"entry": "full", "metric": metric, "value": 0.8412} | given])


def test_columns_are_headed_by_what_is_asked() -> None:
    assert column_of("matching_1_2/v2f/same_gender/accuracy").heading == "1:2, same gender"
    assert column_of("joint_matching_m4/f2v/all/accuracy").heading == "joint 1:2, m = 4"
    assert column_of("joint_matching_v20_f5/v2f/all/accuracy").heading == "joint 1:2, 20 voices, 5 faces"
    assert column_of("joint_retrieval_v20_f5/v2f/all/map").heading == "joint mAP, 20 voices, 5 faces"
    assert column_of("joint_retrieval_v5_f1/v2f/all/map").heading == "joint mAP, 5 voices, 1 face"
    assert column_of("joint_retrieval_m4/v2f/same_gender/map").heading == "joint mAP, m = 4, same gender"
    assert column_of("verification/v2f/all/eer").heading == "EER"


def test_a_value_stands_in_percent_with_its_interval() -> None:
    name = "matching_1_2/v2f/all/accuracy"
    (row,) = value_rows(tidy(name, low=0.82, high=0.861), LINEUP, [column_of(name)])
    assert (row.label, str(row.cells[0])) == ("Full method", "84.1 [82.0, 86.1]")


def test_mean_average_precision_is_also_a_multiple_of_chance() -> None:
    name = "retrieval/v2f/all/map"
    (row,) = value_rows(tidy(name, chance=0.1), LINEUP, [column_of(name)])
    assert str(row.cells[0]) == "84.1 8.4x"


def test_what_was_not_measured_is_a_dash() -> None:
    (row,) = value_rows(tidy("verification/v2f/all/auc"), LINEUP, [column_of("verification/f2v/all/auc")])
    assert str(row.cells[0]) == "-"


def test_a_lower_equal_error_rate_is_better_and_a_lower_accuracy_worse() -> None:
    for name, mark in (("verification/v2f/all/eer", "better"), ("matching_1_2/v2f/all/accuracy", "worse")):
        table = tidy(name, difference=-0.02, difference_low=-0.03, difference_high=-0.01)
        (row,) = difference_rows(table, LINEUP, [column_of(name)])
        assert (str(row.cells[0]), row.cells[0].mark) == ("-2.0 [-3.0, -1.0]", mark)


def test_an_interval_across_zero_is_not_marked() -> None:
    name = "matching_1_2/v2f/all/accuracy"
    table = tidy(name, difference=0.02, difference_low=-0.01, difference_high=0.05)
    assert difference_rows(table, LINEUP, [column_of(name)])[0].cells[0].mark == ""


def test_markdown_columns_are_aligned_in_the_source() -> None:
    lines = markdown(["", "a"], [["long label", "1.0"], ["b", "22.0"]]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[1] == "| ---------- | ---: |"


def test_published_numbers_are_those_of_the_paper() -> None:
    table = published()
    assert table.loc["Seeking the shape"].tolist() == [
        "87.2",
        "86.5",
        "77.7",
        "75.3",
        "87.2",
        "87.0",
        "5.5",
        "5.8",
    ]
    assert table.loc["Without weights (-W)", "mAP v2f"] == "6.5"
