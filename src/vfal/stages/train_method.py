"""train_method: one model of the shelf, with every seed of the leaderboard."""

import time
from statistics import mean

from vfal.core.config.params import Params
from vfal.core.config.shelf_models import ordered
from vfal.core.files import read_json, write_json
from vfal.core.paths import REPORTS, SHELF_MODELS
from vfal.core.state import fingerprint, remove_work, work_folder
from vfal.training.assessing import ValidationAccuracy
from vfal.training.record import name_curve
from vfal.training.shelf import ShelfTraining, learners_of, material_of, sources_of
from vfal.training.shelf_outputs import write_model
from vfal.training.trained_on import write_trained_on

READS = ("machine", "preprocess", "pretrain", "embed", "weigh_identities")


def run(params: Params, name: str) -> None:
    """Write `models/shelf/<name>`: tensors, curve and facts per seed; and what it cost, beside the reports.

    Seconds are the processor's, of this process: of a run that was continued, those since then.
    """
    started = time.process_time()
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
    facts = [read_json(folder / f"seed_{seed}.json") for seed in params.train_method.seeds]
    cost = {
        "processor_s": round(time.process_time() - started, 1),
        "steps": mean(fact["steps"] for fact in facts),
        "parameters": facts[0]["parameters"],
    }
    write_json(REPORTS / "shelf" / f"{name}.cost.json", cost)
    for work in done:
        remove_work(work)
