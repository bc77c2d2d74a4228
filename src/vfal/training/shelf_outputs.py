"""What training a model of the shelf leaves behind, one set of files per seed.

seed_<s>.safetensors   the method's tensors           weights_<s>.parquet   identity, weight (adaptive models)
seed_<s>.json          step, accuracy, seconds, ...   seed_<s>.jsonl        the curve of training
"""

from dataclasses import asdict
from pathlib import Path

from vfal.core.config.params import Params
from vfal.core.config.shelf_models import Ordered
from vfal.core.files import copy_file, read_json, write_json
from vfal.method import Crowd, Method
from vfal.training.checkpoint import load_strictly, load_tensors, save_tensors
from vfal.training.loop import Trained
from vfal.training.shelf import ShelfTraining, build_model


def write_model(folder: Path, training: ShelfTraining, trained: Trained) -> None:
    """The best step of one seed, its curve, and what builds it again."""
    path = folder / f"seed_{training.seed}.safetensors"
    save_tensors(path, trained.best["model"])
    copy_file(training.work / training.model.name / "curve.jsonl", path.with_suffix(".jsonl"))
    about = {
        "model": training.model.name,
        "method": training.model.method,
        "seed": training.seed,
        "step": trained.best["step"],
        "steps": trained.steps,
        "validation_accuracy": trained.best["accuracy"],
        "parameters": sum(parameter.numel() for parameter in training.built(None).parameters()),
        "crowd": asdict(training.crowd),
        "feature_width": training.material.feature_width,
    }
    write_json(path.with_suffix(".json"), about)


def read_model(folder: Path, seed: int, params: Params, model: Ordered) -> Method:
    """The model that `write_model` left, in evaluation mode."""
    path = folder / f"seed_{seed}.safetensors"
    about = read_json(path.with_suffix(".json"))
    method = build_model(params, model, Crowd(**about["crowd"]), about["feature_width"], encoders=None)
    load_strictly(method, load_tensors(path), path)
    return method.eval()
