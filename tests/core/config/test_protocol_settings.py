import pytest
from pydantic import ValidationError

from vfal.core.config.protocols import EvaluateSettings, TrialSettings

EVALUATE = {
    "models": ("seeking_the_shape",),
    "protocols": ("matching",),
    "groups": ("all",),
    "breakdown": (),
    "heard_languages": (),
    "dcf_target_ratio": 0.05,
    "matching_sizes": (2, 10),
    "recall_at": (1,),
    "joint_pairs": (),
    "bootstrap_replicates": 10,
    "level": 0.95,
    "interval_thresholds": 100,
    "roc_points": 20,
    "histogram_bins": 10,
    "block_scores": 1000,
}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("matching_sizes", (2, 1), "greater than or equal to 2"),
        ("matching_sizes", (2, 2), "matching_sizes: 2, 2 names something twice"),
        ("joint_pairs", ((20, 5), (20, 5)), "names something twice"),
        ("groups", ("everybody",), "'all', 'same_gender'"),
        ("level", 95.0, "less than 1"),
        ("level", float("nan"), "finite number"),
        ("bootstrap_replicates", 1000.5, "valid integer"),
        ("protocols", (), "at least 1 item"),
    ],
)
def test_an_impossible_evaluation_is_refused_by_key(key, value, message):
    EvaluateSettings.model_validate(EVALUATE)
    with pytest.raises(ValidationError, match=message) as caught:
        EvaluateSettings.model_validate(EVALUATE | {key: value})
    assert key in str(caught.value)


def test_a_trial_needs_two_candidates():
    with pytest.raises(ValidationError, match=r"candidates"):
        TrialSettings(
            groups=("all",), queries_per_probe=3, candidates=1, joint_queries_per_identity=1, joint_means=(1,)
        )
