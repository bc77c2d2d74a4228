"""weigh_identities: phase 2, easy identities in first; personalised ones stay at zero."""

from vfal.core.config.params import Params
from vfal.core.paths import IDENTITY_WEIGHTS, WARM_UP
from vfal.training.runs import run_weighing


def run(params: Params) -> None:
    """Write `models/identity_weights`: per seed one row per identity, and the curve."""
    run_weighing(params, WARM_UP, IDENTITY_WEIGHTS, stage="weigh_identities")
