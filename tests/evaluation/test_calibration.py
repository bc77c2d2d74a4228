import numpy as np
import pytest

from vfal.core.seeding import generator
from vfal.evaluation.calibration import Calibration, calibrate
from vfal.metrics import eer


def drawn(trials: int = 20_000, gap: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores of two normal distributions `gap` apart, of unit width: the true log odds are known."""
    rng = generator(3, "calibration")
    same = rng.random(trials) < 0.5
    return rng.standard_normal(trials) + np.where(same, gap / 2, -gap / 2), same


def test_the_probability_of_normal_scores_is_the_true_one() -> None:
    known = calibrate(*drawn(gap=1.5))
    assert known is not None
    for score in (-2.0, -0.5, 0.0, 0.7, 2.5):
        assert known.probability(score) == pytest.approx(1 / (1 + np.exp(-1.5 * score)), abs=0.02)


def test_the_threshold_has_the_equal_error_rate() -> None:
    scores, same = drawn()
    known = calibrate(scores, same)
    assert known is not None
    accepted = scores >= known.threshold
    assert known.false_acceptance == pytest.approx(accepted[~same].mean())
    assert known.false_rejection == pytest.approx((~accepted)[same].mean())
    assert known.false_acceptance == pytest.approx(eer(scores, same), abs=1e-3)
    assert known.accepts(known.threshold) and not known.accepts(known.threshold - 1e-9)
    assert (known.trials, known.same) == (20_000, same.sum())


def test_kinds_that_separate_have_a_steep_but_finite_curve() -> None:
    known = calibrate(np.array([-0.2, -0.1, 0.1, 0.2]), np.array([False, False, True, True]))
    assert known is not None
    assert 0 < known.probability(-1) < 0.3 and 0.7 < known.probability(1) < 1
    assert known.threshold == 0.1 and known.false_acceptance == known.false_rejection == 0


def test_scores_that_mean_nothing_or_the_contrary_have_a_level_curve() -> None:
    scores, same = drawn()
    known = calibrate(-scores, same)
    assert known is not None and known.slope == 0
    assert known.probability(-3) == known.probability(3) == pytest.approx(same.mean(), abs=1e-3)


@pytest.mark.parametrize("same", [True, False])
def test_trials_of_one_kind_teach_nothing(same: bool) -> None:
    assert calibrate(np.array([0.1, 0.2]), np.array([same, same])) is None


def test_extreme_scores_have_a_probability(recwarn: pytest.WarningsRecorder) -> None:
    known = Calibration(1e3, 0.0, 0.0, 0.1, 0.1, 10, 5)
    assert known.probability(-1e6) == 0 and known.probability(1e6) == 1


def test_a_calibration_survives_json() -> None:
    known = calibrate(*drawn(200))
    assert known is not None and Calibration.from_json(known.as_json()) == known
