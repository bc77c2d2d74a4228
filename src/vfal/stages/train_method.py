"""train_method: one model of the shelf, with every seed of the leaderboard."""

from vfal.core.config.params import Params
from vfal.core.config.shelf_models import ordered
from vfal.core.paths import SHELF_MODELS
from vfal.core.state import fingerprint, remove_work, work_folder
from vfal.training.assessing import ValidationAccuracy
from vfal.training.record import name_curve
from vfal.training.shelf import ShelfTraining, learners_of, material_of, sources_of
from vfal.training.shelf_outputs import write_model
from vfal.training.trained_on import write_trained_on

READS = ("machine", "preprocess", "pretrain", "embed", "weigh_identities")


def run(params: Params, name: str) -> None:
    """Write `models/shelf/<name>`: tensors, curve and facts per seed."""
    model, folder = ordered(params, name), SHELF_MODELS / name
    material = material_of(params, model)
    learners, validate = learners_of(material), ValidationAccuracy(material, params)
    made_of = params.model_dump(include=set(READS)) | {"model": repr(model)}
    done = []
    for seed in params.train_method.seeds:
        chosen = made_of | {"seed": seed}
        work = work_folder("train_method", fingerprint(f"train_method {name}", chosen, sources_of(model)))
        name_curve(work, f"{name} seed_{seed}")
        training = ShelfTraining(params, model, material, learners, seed=seed, work=work)
        write_model(folder, training, training.run(validate.of_both_directions))
        done.append(work)
    write_trained_on(folder, learners.identities)
    for work in done:
        remove_work(work)
