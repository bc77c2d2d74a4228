"""ablate: one variant of the main method, trained as the main method is."""

from vfal.core.config.params import Params, variant_of
from vfal.core.paths import TRAINED, WARM_UP
from vfal.training.runs import run_retraining, run_warm_up, run_weighing

SHARE_WARM_UP = ("weigh_identities.", "retrain.")


def run(params: Params, name: str) -> None:
    """Write `models/trained/<name>`; phase 1 is shared with the main method where the variant allows it."""
    variant, folder, warm = variant_of(params, name), TRAINED / name, WARM_UP
    if not all(key.startswith(SHARE_WARM_UP) for key in params.ablate.variants[name]):
        warm = folder / "warm_up"
        run_warm_up(variant, warm, warm, stage=f"ablate {name} warm_up")
    run_weighing(variant, warm, folder, stage=f"ablate {name} weigh_identities")
    run_retraining(variant, folder, folder, stage=f"ablate {name} retrain")
