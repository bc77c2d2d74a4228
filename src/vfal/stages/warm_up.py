"""warm_up: phase 1, every identity counts alike."""

from vfal.core.config.params import Params
from vfal.core.paths import TRAINED, WARM_UP
from vfal.training.runs import run_warm_up


def run(params: Params) -> None:
    """Write `models/warm_up`, the state that phase 2 goes on from, and `models/trained/warm_up`."""
    run_warm_up(params, WARM_UP, TRAINED / "warm_up", stage="warm_up")
