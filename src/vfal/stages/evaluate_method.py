"""evaluate_method: one model of the shelf under every protocol that it can be asked."""

from vfal.core.config.params import Params
from vfal.core.config.shelf_models import ordered
from vfal.core.paths import REPORTS, SHELF_MODELS
from vfal.training.examining import examine
from vfal.training.shelf import material_of
from vfal.training.shelf_outputs import read_model


def run(params: Params, name: str) -> None:
    """Write `reports/shelf/<name>.json` (means over seeds) and the details beside it."""
    model = ordered(params, name)
    drawn = params.evaluate_method.bootstrap_replicates
    examine(
        params,
        params.evaluate.model_copy(update={"bootstrap_replicates": drawn}),
        material_of(params, model),
        lambda seed: read_model(SHELF_MODELS / name, seed, params, model),
        seeds=params.train_method.seeds,
        models=SHELF_MODELS / name,
        folder=REPORTS / "shelf" / name,
    )
