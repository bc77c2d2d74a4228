import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from vfal.core.errors import DataError
from vfal.datasets.generated.oracle import gaussian_llr, same_person_llr
from vfal.datasets.generated.people import draw_people, truth_table

LEVELS = ("hidden", "revealed", "ignored")


def truth_of(settings, **changes):
    settings = settings.model_copy(update={"people": 400, **changes})
    return truth_table(draw_people(settings, 1), settings)


def test_the_gaussian_ratio_is_that_of_the_densities():
    x, y = np.array([0.3, -1.2, 2.0]), np.array([1.0, -0.5])
    expected = [
        [
            multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]]).logpdf([a, b]) - norm.logpdf(a) - norm.logpdf(b)
            for b in y
        ]
        for a in x
    ]
    np.testing.assert_allclose(gaussian_llr(x, y, 0.7), expected, rtol=1e-12)


@pytest.mark.parametrize("personalised", LEVELS)
@pytest.mark.parametrize("contrary", [False, True])
def test_true_pairs_get_larger_ratios(settings, personalised, contrary):
    truth = truth_of(settings, contrary=contrary)
    voices, faces = truth["identity"][:60], truth["identity"][:80]
    llr_NM = same_person_llr(truth, voices, faces, personalised=personalised)
    assert llr_NM.shape == (60, 80)
    assert np.isfinite(llr_NM).all()
    own = np.eye(60, 80, dtype=bool)
    assert llr_NM[own].mean() > llr_NM[~own].mean() + 1


@pytest.mark.parametrize("contrary", [False, True])
def test_the_mean_likelihood_ratio_of_strangers_is_one(settings, contrary):
    # E[p(v, f) / (p(v) p(f))] under p(v) p(f) is 1 for any density: checks every constant at once.
    truth = truth_of(settings, factor_noise=1.5, personalised_ratio=0.3, contrary=contrary)
    llr_NM = same_person_llr(truth, truth["identity"], truth["identity"], personalised="hidden")
    strangers = ~np.eye(len(truth), dtype=bool)
    assert abs(np.exp(llr_NM[strangers]).mean() - 1) < 0.05


def test_two_sexes_are_ruled_out_unless_someone_may_be_personalised(settings):
    truth = truth_of(settings)
    ids = truth["identity"][:50]
    male = truth["voice_male"].to_numpy()[:50][:, None], truth["face_male"].to_numpy()[:50][None, :]
    crossing = male[0] != male[1]
    assert (same_person_llr(truth, ids, ids, personalised="ignored")[crossing] == -50).all()
    np.testing.assert_allclose(
        same_person_llr(truth, ids, ids, personalised="hidden")[crossing], np.log(0.1), atol=1e-9
    )


def test_a_known_personalised_identity_says_nothing(settings):
    truth = truth_of(settings)
    ids = truth["identity"][:100]
    who = truth["personalised"].to_numpy()[:100]
    assert who.any()
    llr_NM = same_person_llr(truth, ids, ids, personalised="revealed")
    assert (llr_NM[who] == 0).all()
    assert (llr_NM[:, who] == 0).all()


def test_an_identity_that_the_truth_does_not_have_is_named(settings):
    truth = truth_of(settings)
    with pytest.raises(DataError, match="no identity 'id99999'"):
        same_person_llr(truth, ["id99999"], ["id10001"], personalised="hidden")
