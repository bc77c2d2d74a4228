"""Cells of people: by one attribute, or by several at once."""

import pandas as pd
import pytest

from vfal.evaluation.groups import cells


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("all", [0, 0, 0, 0, 0]),
        ("same_gender", [1, 0, 1, -1, 1]),
        ("same_gender+same_nationality", [1, 0, 1, -1, -1]),
    ],
)
def test_people_share_a_cell_when_all_attributes_of_the_group_are_known_and_equal(group, expected):
    people = pd.DataFrame({"gender": list("mfmum"), "nationality": ["A", "B", "A", "A", ""]}, dtype="str")
    assert cells(people, group).tolist() == expected
