import pytest
from pydantic import ValidationError

from vfal.core.config.validate import Range, Validate


def test_a_range_whose_least_is_larger_than_its_most_is_refused():
    with pytest.raises(ValidationError, match=r"least: 3\.0 is larger than most: 2\.0"):
        Range(least=3.0, most=2.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"least_genders": 3}, "asks for 3 genders, genders allows 2"),
        ({"positive_ratio": {"least": 0.1, "most": 1.5}}, "more than 1, which is every trial"),
        ({"least_clips": 0}, "greater than 0"),
        ({"splits": ("train", "dev")}, "Input should be 'pretrain'"),
        ({"least_clip": 1}, "Extra inputs are not permitted"),
    ],
)
def test_impossible_limits_are_refused(settings, change, message):
    with pytest.raises(ValidationError, match=message):
        Validate.model_validate(settings.model_dump() | change)
