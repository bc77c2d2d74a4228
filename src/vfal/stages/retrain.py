"""retrain: phase 3, from the pre-trained encoders again, weights held fixed."""

from vfal.core.config.params import Params
from vfal.core.paths import IDENTITY_WEIGHTS, TRAINED
from vfal.training.phases import METHOD
from vfal.training.runs import run_retraining


def run(params: Params) -> None:
    """Write `models/trained/seeking_the_shape`: per seed the best step on validation, and the curve."""
    run_retraining(params, IDENTITY_WEIGHTS, TRAINED / METHOD, stage="retrain")
