"""Metrics against plain loops."""

import gzip
import math
from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from vfal.metrics import (
    auc,
    average_precision,
    chance_average_precision,
    chance_recall,
    eer,
    equal_error,
    matching_credits,
    min_dcf,
    relevant_ranks,
    roc,
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def tied_scores(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(0, 6, shape) / 5


def test_matching_credit_is_what_a_draw_among_the_best_earns(rng):
    scores = tied_scores(rng, 300, 7)
    credit, tied = matching_credits(scores, "shared")
    for row, row_credit, row_tied in zip(scores, credit, tied, strict=True):
        for size in range(2, 8):
            best = np.flatnonzero(row[:size] == row[:size].max())
            assert row_credit[size - 2] == (1 / len(best) if 0 in best else 0)
            assert row_tied[size - 2] == (0 in best and len(best) > 1)


def test_published_tie_rules_give_all_or_nothing(rng):
    scores = tied_scores(rng, 300, 4)
    first, _ = matching_credits(scores, "first")
    strict, _ = matching_credits(scores, "strict")
    for size in range(2, 5):
        np.testing.assert_array_equal(first[:, size - 2], scores[:, :size].argmax(axis=1) == 0)
        np.testing.assert_array_equal(strict[:, size - 2], scores[:, 0] > scores[:, 1:size].max(axis=1))


def test_a_constant_model_earns_chance_and_not_all(rng):
    credit, tied = matching_credits(np.zeros((5, 10)), "shared")
    np.testing.assert_allclose(credit[0], 1 / np.arange(2, 11))
    assert tied.all()


def test_auc_counts_won_pairs_and_half_of_tied_ones(rng):
    scores, same = tied_scores(rng, 200), rng.random(200) < 0.4
    won = [(p > n) + 0.5 * (p == n) for p in scores[same] for n in scores[~same]]
    assert auc(scores, same) == pytest.approx(np.mean(won), abs=1e-14)
    assert auc(scores, same) == pytest.approx(roc_auc_score(same, scores), abs=1e-14)


def test_the_roc_has_every_threshold(rng):
    scores, same = tied_scores(rng, 100), rng.random(100) < 0.4
    for ours, theirs in zip(roc(scores, same), roc_curve(same, scores, drop_intermediate=False), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-15)


def test_equal_error_is_where_the_joined_roc_meets_the_diagonal(rng):
    for size in (4, 9, 60):
        scores, same = tied_scores(rng, size), np.arange(size) % 3 == 0
        far, tar, _ = roc(scores, same)
        fine = np.linspace(0, 1, 200_001)
        # walk along the polyline in small steps, point to point
        walk_far = np.interp(fine * (len(far) - 1), np.arange(len(far)), far)
        walk_tar = np.interp(fine * (len(far) - 1), np.arange(len(far)), tar)
        nearest = np.argmin(np.abs(walk_far - (1 - walk_tar)))
        assert eer(scores, same) == pytest.approx(walk_far[nearest], abs=1e-3)


def test_perfect_and_reversed_scores_have_the_extreme_error_rates():
    same = np.array([True, True, False, False])
    assert eer(np.array([4.0, 3.0, 2.0, 1.0]), same) == 0
    assert eer(np.array([1.0, 2.0, 3.0, 4.0]), same) == 1


@pytest.mark.parametrize("ratio", [0.01, 0.05, 0.5, 0.9])
def test_the_least_detection_cost_is_that_of_the_best_threshold(rng, ratio):
    for size in (4, 9, 60):
        scores, same = tied_scores(rng, size), np.arange(size) % 3 == 0
        cost = []
        for threshold in [*np.unique(scores), np.inf]:  # equal scores are accepted or refused together
            accepted = scores >= threshold
            missed, let_in = (~accepted[same]).mean(), accepted[~same].mean()
            cost.append(ratio * missed + (1 - ratio) * let_in)
        found = min_dcf(scores, same, target_ratio=ratio)
        assert found == pytest.approx(min(cost) / min(ratio, 1 - ratio), abs=1e-12)
        assert min_dcf(np.zeros(size), same, target_ratio=ratio) == pytest.approx(1)
        assert min_dcf(same.astype(float), same, target_ratio=ratio) == 0


def test_error_rates_without_both_kinds_of_trials_are_not_numbers():
    assert math.isnan(eer(np.array([0.1, 0.2]), np.array([True, True])))
    assert math.isnan(auc(np.array([0.1, 0.2]), np.array([False, False])))
    assert np.isnan(equal_error(np.full((1, 3), np.nan), np.full((1, 3), 0.5))).all()


def test_ranks_put_wrong_items_of_equal_score_first(rng):
    for _ in range(200):
        scores, relevant = tied_scores(rng, 30), rng.random(30) < 0.3
        relevant[0] = True
        order = sorted(range(30), key=lambda item: (-scores[item], relevant[item]))
        expected = [place for place, item in enumerate(order, start=1) if relevant[item]]
        ranks, tied = relevant_ranks(scores, relevant)
        assert ranks.tolist() == expected
        assert tied == bool(set(scores[relevant]) & set(scores[~relevant]))
        precision = [k / rank for k, rank in enumerate(expected, start=1)]
        assert average_precision(ranks) == pytest.approx(np.mean(precision), abs=1e-15)


def test_chance_of_average_precision_is_the_mean_over_all_orders():
    relevant, gallery = np.array([3, 1, 5]), np.array([9, 12, 5])
    found = chance_average_precision(relevant, gallery)
    for right, size, expected in zip(relevant, gallery, found, strict=True):
        places = combinations(range(1, size + 1), right)
        assert expected == pytest.approx(np.mean([average_precision(np.array(ranks)) for ranks in places]))
    assert chance_average_precision(np.array([1]), np.array([1]))[0] == 1


def test_chance_of_recall_is_hypergeometric():
    for right, size, k in ((3, 12, 5), (1, 4, 1), (2, 5, 4), (2, 5, 9)):
        expected = 1 - math.comb(size - right, min(k, size)) / math.comb(size, min(k, size))
        assert chance_recall(np.array([right]), np.array([size]), k)[0] == pytest.approx(expected)


@pytest.mark.parametrize(("sizes", "chance"), [("v2f", 0.005725), ("f2v", 0.005690)])
def test_chance_on_the_shape_of_sound_list_is_the_published_one(shared_folder, sizes, chance):
    lines = gzip.decompress((shared_folder / "lists/ssos/reterival_v2f_test.txt.gz").read_bytes()).decode()
    meta = gzip.decompress((shared_folder / "lists/ssos/vox1_test.csv.gz").read_bytes()).decode().splitlines()
    id_of = {row.split(",")[1]: row.split(",")[0] for row in meta[1:]}
    voices, faces = (
        [id_of.get(path.split("/")[0], path.split("/")[0]) for path in line.split()]
        for line in lines.splitlines()
    )
    probes, gallery = (voices, faces) if sizes == "v2f" else (faces, voices)
    counts = dict(zip(*np.unique(gallery, return_counts=True), strict=True))
    relevant = np.array([counts[who] for who in probes])
    found = chance_average_precision(relevant, np.full(len(probes), len(gallery))).mean()
    assert found == pytest.approx(chance, abs=5e-7)
