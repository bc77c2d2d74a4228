from typing import Any

import numpy as np
import pandas as pd
import pytest

from vfal.core.config.promote import Promote
from vfal.core.errors import ConfigError
from vfal.promotion.rule import Comparison, Row, compare, passes
from vfal.protocol import Evaluation

V2F, F2V, EER = (
    "matching_1_2/v2f/all/accuracy",
    "matching_1_2/f2v/all/accuracy",
    "verification/v2f/all/eer",
)


def settings(*metrics: str, **changes: Any) -> Promote:
    values = {
        "rule": "better",
        "rule_after_withdrawal": "not_worse",
        "metrics": metrics or (V2F, F2V),
        "level": 0.95,
        "tolerance": 0.01,
        "least_identities": 2,
        "keep_splits": True,
    }
    return Promote(**{**values, **changes})


def evaluation(identities: int = 40, **values: float) -> Evaluation:
    """A model with these values; its replicates lie around them, the same way for every model."""
    names = {"v2f": V2F, "f2v": F2V, "eer": EER}
    spread = 0.1 * np.random.default_rng(1).standard_normal(400)
    records: Any = {
        names[key]: {"value": value, "trials": 120, "identities": identities} for key, value in values.items()
    }
    replicates = pd.DataFrame({names[key]: value + spread for key, value in values.items()})
    return Evaluation(records, replicates, {}, [])


def test_the_gain_is_the_mean_over_the_metrics_with_a_paired_interval() -> None:
    found = compare(evaluation(v2f=0.70, f2v=0.60), evaluation(v2f=0.74, f2v=0.62), settings(), excluded=3)
    assert [row.metric for row in found.rows] == [V2F, F2V, "mean"]
    assert found.mean.champion == pytest.approx(0.65) and found.mean.gain == pytest.approx(0.03)
    # Both stray alike with the people drawn, so nothing is left of that in their difference.
    assert found.mean.low == pytest.approx(0.03) and found.mean.high == pytest.approx(0.03)
    assert (found.identities, found.excluded) == (40, 3)


def test_of_an_error_rate_the_smaller_one_is_the_better() -> None:
    found = compare(evaluation(eer=0.20), evaluation(eer=0.15), settings(EER), excluded=0)
    assert found.rows[0].champion == 0.20 and found.rows[0].gain == pytest.approx(0.05)
    assert passes(found, "better", 0.01)


def with_interval(low: float) -> Comparison:
    return Comparison((Row("mean", 0.7, 0.71, 0.01, low, low + 0.04),), 40, 0)


@pytest.mark.parametrize(
    ("low", "better", "not_worse"), [(0.001, True, True), (-0.005, False, True), (-0.02, False, False)]
)
def test_the_rule_looks_at_the_lower_end_of_the_interval(low: float, better: bool, not_worse: bool) -> None:
    assert passes(with_interval(low), "better", 0.01) is better
    assert passes(with_interval(low), "not_worse", 0.01) is not_worse


def test_a_model_is_not_better_than_itself_but_it_is_not_worse() -> None:
    same = compare(evaluation(v2f=0.7, f2v=0.6), evaluation(v2f=0.7, f2v=0.6), settings(), excluded=0)
    assert not passes(same, "better", 0.01)
    assert passes(same, "not_worse", 0.01)


def test_a_metric_nobody_measured_is_refused_with_the_nearest_one() -> None:
    typo = V2F.replace("1_2", "1_22")
    with pytest.raises(ConfigError, match=f"'{typo}' was not measured .* Did you mean '{V2F}'"):
        compare(evaluation(v2f=0.7), evaluation(v2f=0.7), settings(typo), excluded=0)


def test_metrics_of_other_people_cannot_be_averaged() -> None:
    mixed = evaluation(v2f=0.7, f2v=0.6)
    mixed.records[F2V]["identities"] = 39
    with pytest.raises(ConfigError, match=r"39 identities.*40; they cannot be resampled together"):
        compare(mixed, mixed, settings(), excluded=0)


def test_a_metric_that_is_no_full_name_is_refused_by_its_key() -> None:
    with pytest.raises(ValueError, match="found 'accuracy'; expected protocol/direction/group/metric"):
        settings("accuracy")
