"""The three phases over all training seeds, from files to files. Stages and ablations call these."""

from pathlib import Path

from vfal.core.config.params import Params
from vfal.core.paths import RAW
from vfal.training.assessing import ValidationAccuracy
from vfal.training.checkpoint import below, save_tensors
from vfal.training.outputs import read_weights, rebuilt, weights_path, write_trained, write_weights
from vfal.training.phases import released, retrain, warm_up
from vfal.training.setting import each_seed, identities_of, load_material
from vfal.training.trained_on import write_released_on, write_trained_on
from vfal.training.weighing import learn_or_set_weights

REWEIGHTING = ("warm_up", "weigh_identities")
RETRAINING = ("weigh_identities", "retrain")


def state_path(folder: Path, seed: int) -> Path:
    """Where warm-up leaves the state (model, momentum, hardness) that weighing goes on from."""
    return folder / f"state_{seed}.safetensors"


def run_warm_up(params: Params, folder: Path, models: Path, *, stage: str) -> None:
    """Phase 1: the state that phase 2 goes on from into `folder`, the model as such into `models`."""
    for setting in each_seed(params, load_material(params), stage, reads=REWEIGHTING, inputs=lambda seed: []):
        tensors = warm_up(setting)
        save_tensors(state_path(folder, setting.seed), tensors)
        write_trained(models, setting, below("model", tensors), step=params.warm_up.steps, accuracy=None)
        write_trained_on(models, setting.identities)


def run_weighing(params: Params, warm: Path, folder: Path, *, stage: str) -> None:
    """Phase 2 into `folder`, from what phase 1 left in `warm`."""

    def inputs(seed: int) -> tuple[Path, Path]:
        return state_path(warm, seed), RAW / "truth.parquet"

    for setting in each_seed(params, load_material(params), stage, reads=REWEIGHTING, inputs=inputs):
        write_weights(folder, setting, learn_or_set_weights(setting, *inputs(setting.seed)))


def run_retraining(params: Params, weights: Path, folder: Path, *, stage: str) -> None:
    """Phase 3 into `folder`, under the weights of phase 2 in `weights`; or a released model, as it is."""
    material = load_material(params)
    validate = ValidationAccuracy(material, params)
    for setting in each_seed(
        params, material, stage, reads=RETRAINING, inputs=lambda seed: [weights_path(weights, seed)]
    ):
        if params.retrain.weights:
            method = released(setting, Path(params.retrain.weights))
            step, accuracy = 0, validate(method)
        else:
            best = retrain(setting, read_weights(weights, setting), validate).best
            people = len(setting.identities)
            method = rebuilt(params, material.feature_width, people, best["model"], folder)
            step, accuracy = best["step"], best["accuracy"]
        write_trained(
            folder,
            setting,
            method.state_dict(),
            step=step,
            accuracy=accuracy,
            calibration=validate.calibration(method),
        )
    if params.retrain.weights:
        write_released_on(folder, params.retrain.weights_split)
    else:
        write_trained_on(folder, identities_of("train"))
