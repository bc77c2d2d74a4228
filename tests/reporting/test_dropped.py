import numpy as np
import pandas as pd
import pytest

from vfal.reporting.dropped import detection, hardness_histogram, votes, with_truth


def weights(hardness: list[float], weight: list[float], seed: int = 1, entry: str = "full") -> pd.DataFrame:
    table = pd.DataFrame({"identity": list("abcd"), "weight": weight, "hardness": hardness})
    return table.assign(entry=entry, seed=seed, dropped=table["weight"] == 0)


TRUTH = pd.DataFrame(
    {"identity": list("abcdxyz"), "personalised": [False, False, True, True, True, True, True]}
)


def test_precision_recall_and_base_rate_count_training_identities_only() -> None:
    known = with_truth(weights([1, 4, 2, 3], [1, 0, 1, 0]), TRUTH)
    row = detection(known).iloc[0]
    assert (row["dropped"], row["precision"], row["recall"], row["base_rate"]) == (2, 0.5, 0.5, 0.5)
    assert row["hardness_auc"] == 0.5  # of 4 pairs, c > a and d > a are in order, c < b and d < b are not


def test_seeds_are_averaged() -> None:
    both = pd.concat([weights([1, 2, 3, 4], [1, 1, 0, 0]), weights([4, 3, 2, 1], [0, 0, 1, 1], seed=2)])
    row = detection(with_truth(both, TRUTH)).iloc[0]
    assert (row["seeds"], row["precision"], row["recall"], row["hardness_auc"]) == (2, 0.5, 0.5, 0.5)


def test_hardness_that_was_never_learned_has_no_auc() -> None:
    row = detection(with_truth(weights([14, 14, 14, 14], [1, 1, 0, 0]), TRUTH)).iloc[0]
    assert row["precision"] == 1.0
    assert np.isnan(row["hardness_auc"])
    assert hardness_histogram(with_truth(weights([14] * 4, [1] * 4), TRUTH), bins=3).empty


def test_where_the_truth_is_not_known_there_is_nothing_to_count() -> None:
    unknown = pd.DataFrame({"identity": pd.Series(dtype=str), "personalised": pd.Series(dtype=bool)})
    assert detection(with_truth(weights([1, 2, 3, 4], [1, 1, 0, 0]), unknown)).empty


def test_the_histogram_gives_shares_of_each_kind() -> None:
    table = hardness_histogram(with_truth(weights([1, 2, 3, 4], [1, 1, 0, 0]), TRUTH), bins=2)
    assert table["others"].tolist() == [1.0, 0.0]
    assert table["personalised"].tolist() == [0.0, 1.0]


def test_votes_put_the_most_often_dropped_first_and_the_harder_first_among_equals() -> None:
    both = pd.concat([weights([1, 2, 3, 4], [1, 0, 1, 0]), weights([1, 3, 2, 4], [1, 1, 1, 0], seed=2)])
    found = votes(both, "full")
    assert found["identity"].tolist() == ["d", "b", "c", "a"]
    assert found["times"].tolist() == [2, 1, 0, 0]
    assert found["hardness_rank"].iloc[0] == pytest.approx(1.0)
