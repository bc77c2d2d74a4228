import numpy as np
import pytest

from vfal.core.errors import DataError
from vfal.evaluation.evidence import Binned, MeanPerTrial, Separation
from vfal.evaluation.intervals import Resamples, binomial_interval, paired_difference, percentile_interval
from vfal.evaluation.records import Finding, record_of
from vfal.metrics import auc, eer


def test_resamples_depend_on_seed_and_people_only():
    first, again = (Resamples(seed=3, replicates=50).weights_RI(20) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (first.sum(axis=1) == 20).all()
    assert not np.array_equal(first, Resamples(seed=4, replicates=50).weights_RI(20))
    # each person is drawn once on average
    assert Resamples(seed=3, replicates=4000).weights_RI(5).mean(axis=0) == pytest.approx(
        np.ones(5), abs=0.05
    )


def test_replicates_of_a_mean_equal_the_mean_of_the_repeated_trials():
    rng = np.random.default_rng(0)
    people, values = rng.integers(0, 6, 80) * 10, rng.random(80)
    weights = Resamples(seed=1, replicates=30).weights_RI(6)
    found = MeanPerTrial(values, people).replicates(weights)
    for row, replicate in zip(weights, found, strict=True):
        repeated = np.repeat(values, row[people // 10].astype(int))
        assert replicate == pytest.approx(repeated.mean())


@pytest.mark.parametrize("measure", ["auc", "eer"])
def test_replicates_of_a_separation_equal_those_of_the_repeated_trials(measure):
    rng = np.random.default_rng(0)
    people, same = rng.integers(0, 8, 200), rng.random(200) < 0.5
    scores = np.round(rng.normal(size=200) + same, 1)
    weights = Resamples(seed=1, replicates=30).weights_RI(8)
    found = getattr(Separation, measure)(
        scores, same, Binned(scores, same, people, thresholds=1000)
    ).replicates(weights)
    for row, replicate in zip(weights, found, strict=True):
        times = row[people].astype(int)
        plain = (auc if measure == "auc" else eer)(np.repeat(scores, times), np.repeat(same, times))
        assert replicate == pytest.approx(plain, abs=1e-12)


@pytest.mark.parametrize("measure", ["auc", "eer"])
def test_few_thresholds_change_replicates_by_less_than_matters(measure):
    rng = np.random.default_rng(0)
    people, same = rng.integers(0, 100, 20_000), rng.random(20_000) < 0.5
    scores = rng.normal(size=20_000) + 1.2 * same
    weights = Resamples(seed=1, replicates=50).weights_RI(100)
    coarse, exact = (
        getattr(Separation, measure)(scores, same, Binned(scores, same, people, thresholds=size)).replicates(
            weights
        )
        for size in (1000, 20_000)
    )
    assert np.abs(coarse - exact).max() < exact.std() / 5


def test_an_interval_from_people_covers_where_the_binomial_one_does_not():
    rng = np.random.default_rng(5)
    simulations, people, trials = 300, 60, 40
    weights = Resamples(seed=0, replicates=400)
    owner = np.repeat(np.arange(people), trials)
    by_people = by_trials = 0
    for _ in range(simulations):
        ability = rng.beta(4, 1, people)  # mean 0.8
        hits = (rng.random(len(owner)) < ability[owner]).astype(float)
        evidence = MeanPerTrial(hits, owner)
        low, high = percentile_interval(evidence.replicates(weights.weights_RI(people)), level=0.95)
        by_people += low <= 0.8 <= high
        low, high = binomial_interval(evidence.value, len(owner), level=0.95)
        by_trials += low <= 0.8 <= high
    assert 0.91 <= by_people / simulations <= 0.98
    assert by_trials / simulations < 0.7


def test_the_binomial_interval_is_the_published_one():
    # TriNet prints 81.00 +- 1.01 % for SVHF on 10,000 tuples, at 99 %
    low, high = binomial_interval(0.81, 10_000, level=0.99)
    assert (high - low) / 2 == pytest.approx(0.0101, abs=5e-5)
    assert binomial_interval(1.0, 10, level=0.95) == (1.0, 1.0)


def finding(values: np.ndarray, people: np.ndarray) -> Finding:
    return Finding("matching_1_2", "accuracy", MeanPerTrial(values, people), 0.5, len(values), 0, True)


def test_a_single_person_has_no_interval():
    record, replicates = record_of(
        finding(np.ones(4), np.zeros(4, dtype=int)), Resamples(seed=0, replicates=100), level=0.95
    )
    assert (record["low"], record["high"], record["identities"], replicates.size) == (None, None, 1, 0)


def test_a_difference_is_paired_person_by_person():
    rng = np.random.default_rng(2)
    people = np.repeat(np.arange(50), 20)
    hard = rng.random(50)[people]
    resamples = Resamples(seed=0, replicates=500)
    # the second model errs on the same hard people and is a little better everywhere
    one, other = (record_of(finding(hard + gain, people), resamples, level=0.95) for gain in (0.0, 0.02))
    difference = paired_difference(one, other, level=0.95)
    assert difference.value == pytest.approx(0.02)
    assert difference.high - difference.low < 1e-9
    assert one[0]["high"] - one[0]["low"] > 0.1


def test_models_measured_on_other_trials_are_not_compared():
    resamples = Resamples(seed=0, replicates=50)
    one, other = (
        record_of(finding(np.ones(size), np.arange(size) % 5), resamples, level=0.95) for size in (20, 30)
    )
    with pytest.raises(DataError, match="20 trials, the other 30"):
        paired_difference(one, other, level=0.95)
    with pytest.raises(DataError, match="50 and 10 bootstrap replicates"):
        paired_difference(one, (one[0], one[1][:10]), level=0.95)
