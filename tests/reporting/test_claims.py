import numpy as np
import pandas as pd
import pytest

from vfal.core.config.shelf import Claim, Leaderboard
from vfal.core.errors import ConfigError
from vfal.reporting.claims import HOLDS, OPEN, REVERSED, claims_as_json, tried, untried
from vfal.reporting.results import Result
from vfal.reporting.table import column_of

MATCHING, RETRIEVAL = "matching_1_2/v2f/all/accuracy", "retrieval/v2f/all/map"


def result(spread: float, **values: float) -> Result:
    """Numbers whose resamples lie within `spread` of them."""
    around = np.linspace(-spread, spread, 101)
    names = {"matching": MATCHING, "retrieval": RETRIEVAL}
    return Result(
        {names[name]: {"value": value, "trials": 100, "identities": 10} for name, value in values.items()},
        pd.DataFrame({names[name]: value + around for name, value in values.items()}),
    )


RESULTS = {
    "good": result(0.01, matching=0.8, retrieval=0.10),
    "bad": result(-0.01, matching=0.7, retrieval=0.11),  # resampled the other way: the difference is unsure
    "chooser": result(0.01, matching=0.7),
}


def settings(*pairs: tuple[str, str], on: tuple[str, ...] = (MATCHING, RETRIEVAL)) -> Leaderboard:
    claims = [
        Claim(says="one beats the other", source="a paper", better=one, worse=two) for one, two in pairs
    ]
    return Leaderboard(sort_by=MATCHING, claims_on=on, claims=tuple(claims))


def test_a_claim_holds_is_reversed_or_stays_open_by_its_paired_intervals() -> None:
    asked = settings(("good", "bad"), ("bad", "good"), ("good", "good"))
    assert [trial.verdict for trial in tried(asked, RESULTS, level=0.95)] == [HOLDS, REVERSED, OPEN]


def test_intervals_on_both_sides_of_zero_leave_a_claim_open() -> None:
    worse_at_retrieval = RESULTS | {"bad": result(0.01, matching=0.7, retrieval=0.3)}
    assert tried(settings(("good", "bad")), worse_at_retrieval, level=0.95)[0].verdict == OPEN


def test_a_metric_that_one_of_two_cannot_be_asked_for_is_left_out() -> None:
    (trial,) = tried(settings(("good", "chooser")), RESULTS, level=0.95)
    assert list(trial.differences) == [MATCHING]
    row = trial.row([column_of(MATCHING), column_of(RETRIEVAL)])
    assert [str(cell) for cell in row.cells] == ["+10.0 [+10.0, +10.0]", "-"]
    (written,) = claims_as_json([trial])
    assert written["verdict"] == HOLDS and written["differences"][MATCHING]["difference"] == pytest.approx(
        0.1
    )


def test_claims_on_models_that_are_not_trained_wait_for_them() -> None:
    asked = settings(("good", "absent"), ("good", "bad"))
    assert [trial.claim.worse for trial in tried(asked, RESULTS, level=0.95)] == ["bad"]
    assert untried(asked, RESULTS) == ["absent"]


def test_a_misspelt_metric_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"leaderboard.claims_on: no number 'retrieval/v2f/all/mAP'"):
        tried(settings(on=("retrieval/v2f/all/mAP",)), RESULTS, level=0.95)
