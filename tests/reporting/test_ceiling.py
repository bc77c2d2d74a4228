import numpy as np
import pandas as pd

from vfal.core.paths import RAW
from vfal.core.tables import read_table
from vfal.reporting.ceiling import Oracle, ceiling

from .conftest import FinishedRun

METRIC = "matching_1_2/v2f/all/accuracy"


def truth() -> pd.DataFrame:
    return read_table(RAW / "truth.parquet", ["identity", "personalised"])


def test_the_oracle_scores_a_pair_by_voice_then_face() -> None:
    oracle = Oracle(np.array([[0.0, 1.0], [2.0, 3.0]]))
    voices, faces = np.array([[1.0]]), np.array([[0.0]])
    assert oracle.pairs(voices, faces).tolist() == [2.0]
    assert oracle.matrix(np.array([[0.0], [1.0]]), faces).tolist() == [[0.0], [2.0]]


def test_personalised_people_lower_the_ceiling(finished_run: FinishedRun) -> None:
    everybody = ceiling(finished_run.params, truth())
    others = ceiling(finished_run.params, truth(), without_personalised=True)
    assert everybody is not None
    assert others is not None
    assert 0.7 < everybody.records[METRIC]["value"] < others.records[METRIC]["value"] <= 1.0
    assert others.records[METRIC]["identities"] < everybody.records[METRIC]["identities"]


def test_the_oracle_answers_the_trials_of_the_models_and_no_joint_ones(finished_run: FinishedRun) -> None:
    found = ceiling(finished_run.params, truth())
    assert found is not None
    assert {name.split("/")[0] for name in found.records} >= {"matching_1_2", "verification", "retrieval"}
    assert not any(name.startswith("joint") for name in found.records)


def test_there_is_no_ceiling_where_the_factors_are_not_known(finished_run: FinishedRun) -> None:
    assert ceiling(finished_run.params, truth().head(0)) is None
    assert ceiling(finished_run.params, truth()[["identity", "personalised"]]) is None
