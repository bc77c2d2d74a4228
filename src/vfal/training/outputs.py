"""What the training phases leave behind, one set of files per seed.

seed_<s>.safetensors   the method's tensors           weights_<s>.parquet  identity, weight, hardness
seed_<s>.json          step, accuracy, calibration    weights_<s>.jsonl    the curve of weighing
seed_<s>.jsonl         the curve of training
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from vfal.core.config.params import Params
from vfal.core.errors import DataError
from vfal.core.files import copy_file, read_json, write_json
from vfal.core.tables import read_table, write_table
from vfal.core.types import Modality
from vfal.evaluation.calibration import Calibration
from vfal.method import Method
from vfal.training.checkpoint import load_strictly, load_tensors, save_tensors
from vfal.training.identity_weights import IdentityWeights
from vfal.training.loop import Trained
from vfal.training.phases import METHOD, Setting, build_method, new_tracker

CURVE = "curve.jsonl"


def weights_path(folder: Path, seed: int) -> Path:
    """Where phase 2 leaves the identity weights."""
    return folder / f"weights_{seed}.parquet"


def write_trained(
    folder: Path,
    setting: Setting,
    model: Mapping[str, Tensor],
    *,
    step: int,
    accuracy: float | None,
    calibration: Calibration | None = None,
) -> None:
    """One seed's model, its curve if it was trained here, what its scores mean, and what builds it again."""
    path = folder / f"seed_{setting.seed}.safetensors"
    save_tensors(path, model)
    if (setting.folder / CURVE).exists():
        copy_file(setting.folder / CURVE, path.with_suffix(".jsonl"))
    about = {
        "method": METHOD,
        "seed": setting.seed,
        "step": step,
        "validation_accuracy": accuracy,
        "calibration": calibration.as_json() if calibration else None,
        "identities": len(setting.identities),
        "feature_width": setting.material.feature_width,
    }
    write_json(path.with_suffix(".json"), about)


def read_trained(folder: Path, seed: int, params: Params) -> Method:
    """The model that `write_trained` left, in evaluation mode."""
    path = folder / f"seed_{seed}.safetensors"
    about = read_json(path.with_suffix(".json"))
    return rebuilt(params, about["feature_width"], about["identities"], load_tensors(path), path)


def rebuilt(
    params: Params,
    feature_width: Mapping[Modality, int],
    identities: int,
    tensors: Mapping[str, Tensor],
    source: Path,
) -> Method:
    """A method filled with trained tensors, in evaluation mode; `source` is named when they do not fit."""
    method = build_method(params, feature_width, identities, None)
    load_strictly(method, tensors, source)
    return method.eval()


def build_kept(setting: Setting, trained: Trained) -> Method:
    """The model of the step that validation chose, in evaluation mode."""
    method = build_method(setting.params, setting.material.feature_width, len(setting.identities), None)
    method.load_state_dict(trained.best["model"])
    return method.eval()


def write_weights(folder: Path, setting: Setting, weights: IdentityWeights | None) -> None:
    """One seed's identity weights (everybody at 1 when there are none) and the curve of learning them."""
    state = weights.state_dict() if weights is not None else None
    table = pd.DataFrame(
        {
            "identity": setting.identities,
            "weight": state["weights"].cpu().numpy() if state else 1.0,
            "hardness": state["hardness"].cpu().numpy() if state else float("nan"),
        }
    )
    path = weights_path(folder, setting.seed)
    write_table(path, table)
    if (setting.folder / CURVE).exists():
        copy_file(setting.folder / CURVE, path.with_suffix(".jsonl"))


def read_weights(folder: Path, setting: Setting) -> IdentityWeights | None:
    """The weights that phase 2 left for this seed, to be held fixed; None under the rule `none`."""
    if setting.params.weigh_identities.rule == "none":
        return None
    path = weights_path(folder, setting.seed)
    table = read_table(path, ["identity", "weight", "hardness"])
    if table["identity"].tolist() != setting.identities:
        raise DataError(
            f"{path}: lists other identities than the training split. Run weigh_identities again."
        )
    return set_weights(setting, table["weight"].tolist())


def set_weights(setting: Setting, weight_I: list[float]) -> IdentityWeights:
    """Given weights, one per training identity."""
    weights = new_tracker(setting, "classification")
    given = {"weights": torch.tensor(weight_I, dtype=torch.float64), "updates": torch.tensor(1)}
    weights.load_state_dict(weights.state_dict() | given)
    return weights
