"""evaluate: every protocol, direction and group, with intervals, on people nobody trained on."""

from vfal.core.config.params import Params, variant_of
from vfal.core.paths import REPORTS, TRAINED
from vfal.training.examining import examine
from vfal.training.outputs import read_trained
from vfal.training.setting import load_material


def run(params: Params, name: str) -> None:
    """Write `reports/evaluate/<name>.json` (means over seeds) and the details beside it."""
    variant = variant_of(params, name) if name in params.ablate.variants else params
    examine(
        variant,
        params.evaluate,
        load_material(variant),
        lambda seed: read_trained(TRAINED / name, seed, variant),
        seeds=params.seeds,
        models=TRAINED / name,
        folder=REPORTS / "evaluate" / name,
    )
