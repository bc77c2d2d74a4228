"""What the training phases leave behind, one set of files per seed.

seed_<s>.safetensors   the method's tensors           weights_<s>.parquet  identity, weight, hardness
seed_<s>.json          step, accuracy, how to build   weights_<s>.jsonl    the curve of weighing
seed_<s>.jsonl         the curve of training
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from vfal.core.config.params import Params
from vfal.core.errors import DataError
from vfal.core.files import read_json, write_json
from vfal.core.tables import read_table, write_table
from vfal.method import Method
from vfal.training.checkpoint import load_strictly, load_tensors, save_tensors
from vfal.training.identity_weights import IdentityWeights
from vfal.training.phases import METHOD, Setting, build_method, new_tracker

CURVE = "curve.jsonl"


def weights_path(folder: Path, seed: int) -> Path:
    """Where phase 2 leaves the identity weights."""
    return folder / f"weights_{seed}.parquet"


def write_trained(
    folder: Path, setting: Setting, model: Mapping[str, Tensor], *, step: int, accuracy: float | None
) -> None:
    """One seed's model, the curve of its training if it was trained here, and what builds it again."""
    path = folder / f"seed_{setting.seed}.safetensors"
    save_tensors(path, model)
    if (setting.folder / CURVE).exists():
        shutil.copyfile(setting.folder / CURVE, path.with_suffix(".jsonl"))
    about = {
        "method": METHOD,
        "seed": setting.seed,
        "step": step,
        "validation_accuracy": accuracy,
        "identities": len(setting.identities),
        "feature_width": setting.material.feature_width,
    }
    write_json(path.with_suffix(".json"), about)


def read_trained(folder: Path, seed: int, params: Params) -> Method:
    """The model that `write_trained` left, in evaluation mode."""
    path = folder / f"seed_{seed}.safetensors"
    about = read_json(path.with_suffix(".json"))
    method = build_method(params, about["feature_width"], about["identities"], None)
    load_strictly(method, load_tensors(path), path)
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
        shutil.copyfile(setting.folder / CURVE, path.with_suffix(".jsonl"))


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
