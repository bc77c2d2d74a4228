"""A checkout as the map leaves it, in small: two seeds, one variant, ten people."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from PIL import Image

from vfal.core.config.params import Params, check, read_raw, with_overrides
from vfal.core.files import write_json, write_text
from vfal.core.seeding import derive_seed, generator
from vfal.core.switches import switch_off
from vfal.evaluation.calibration import Calibration
from vfal.training.checkpoint import save_tensors, under
from vfal.training.material import raw_encoder
from vfal.training.phases import METHOD, build_method

SMALL = {
    "seeds": [1, 2],
    "preprocess.face_px": 32,
    "pretrain.voice.channels": 2,
    "pretrain.voice.width": 8,
    "pretrain.face.channels": 2,
    "pretrain.face.width": 8,
    "methods.seeking_the_shape.regime": "features",
    "methods.seeking_the_shape.trunk_width": 8,
    "methods.seeking_the_shape.width": 8,
    "ablate.variants": {"without_weights": {"weigh_identities.rule": "none"}},
    "evaluate.models": ["warm_up", "seeking_the_shape", "without_weights"],
    "machine.threads": 1,
}
CALIBRATION = Calibration(
    slope=5.0, intercept=-0.5, threshold=0.1, false_acceptance=0.25, false_rejection=0.25, trials=80, same=40
)
PEOPLE = [f"id{number:02d}" for number in range(10)]
# Stages whose outputs dvc.lock does not describe here: what lies on disk is taken.
UNDEMANDING = (
    "ablate@without_weights",
    "evaluate@warm_up",
    "evaluate@seeking_the_shape",
    "evaluate@without_weights",
    "compare",
)
METRICS = {
    "matching_1_2/v2f/all/accuracy": 0.84,
    "matching_1_2/f2v/same_gender/accuracy": 0.71,
    "verification/v2f/all/auc": 0.86,
    "retrieval/v2f/all/map": 0.12,
}

TABLES = {
    "roc": "direction,group,seed,false_accept,true_accept\nv2f,all,0,0.0,0.0\nv2f,all,0,1.0,1.0\n",
    "histogram": "direction,group,left,right,same,different\nv2f,all,-1.0,0.0,1,3\nv2f,all,0.0,1.0,3,1\n",
    "matching": "direction,group,size,accuracy,low,high,chance\nv2f,all,2,0.8,0.7,0.9,0.5\n",
    "identities": "direction,group,identity,accuracy,trials\nv2f,all,id06,0.9,4\nv2f,all,id07,0.2,4\n",
}


@pytest.fixture(scope="session")
def small_raw(repository: Path) -> dict:
    return with_overrides(read_raw(repository / "params.yaml"), SMALL)


@pytest.fixture
def params(small_raw: dict) -> Params:
    return check(small_raw)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's tables take two seconds to make: once for all tests."""
    switch_off()
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture(scope="session")
def finished_tree(tmp_path_factory: pytest.TempPathFactory, small_raw: dict) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    params = check(small_raw)
    write_corpus(folder)
    write_models(folder, params)
    write_results(folder)
    write_lock(folder, small_raw)
    return folder


@pytest.fixture
def checkout(
    finished_tree: Path, empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of the finished tree as the current folder, with an empty MLflow database in it."""
    folder = tmp_path / "checkout"
    shutil.copytree(finished_tree, folder)
    shutil.copyfile(empty_database, folder / "mlflow.db")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("VFAL_STATE", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return folder


@pytest.fixture
def client(checkout: Path):
    """Reads and writes the database of the checkout."""
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{checkout}/mlflow.db")


@pytest.fixture
def without_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registering takes seconds and has tests of its own."""
    monkeypatch.setattr("vfal.tracking.mirror._register", lambda *_: ("", True))


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes seconds and has a test of its own."""
    monkeypatch.setattr("vfal.tracking.figures.figures_of", lambda *_: [])


def write_corpus(folder: Path) -> None:
    tree, prepared = folder / "data/raw/tree", folder / "data/prepared"
    tree.mkdir(parents=True)
    prepared.mkdir(parents=True)
    clips, faces = [], []
    for number, person in enumerate(PEOPLE):
        rng = generator(1, person)
        soundfile.write(tree / f"{person}.wav", 0.1 * rng.standard_normal(16_000), 16_000)
        Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).save(tree / f"{person}.png")
        clips.append({"clip": number, "identity": person, "path": f"{person}.wav", "problem": ""})
        faces.append({"face": number, "identity": person, "path": f"{person}.png", "problem": ""})
    split = ["train"] * 6 + ["test"] * 4
    pd.DataFrame({"identity": PEOPLE, "gender": "f", "split": split}).to_parquet(
        prepared / "identities.parquet"
    )
    pd.DataFrame(clips).to_parquet(prepared / "clips.parquet")
    pd.DataFrame(faces).to_parquet(prepared / "faces.parquet")
    # The root is relative to the checkout, as `collect` writes it for generated people.
    write_json(folder / "data/raw/corpus.json", {"dataset": "generated", "root": "data/raw/tree"})


def write_models(folder: Path, params: Params) -> None:
    models = folder / "models"
    for modality in ("voice", "face"):
        torch.manual_seed(derive_seed(0, modality))
        encoder = raw_encoder(getattr(params.pretrain, modality), modality, None)
        save_tensors(models / f"encoders/{modality}.safetensors", under("encoder", encoder.state_dict()))
        write_curve(models / f"encoders/{modality}.jsonl", 30)
    for seed, accuracy in ((1, 0.7), (2, 0.8)):
        write_curve(models / f"warm_up/seed_{seed}.jsonl", 20)
        write_curve(models / f"identity_weights/weights_{seed}.jsonl", 20)
        weights = {"identity": PEOPLE[:6], "weight": [1.0] * 5 + [0.0], "hardness": range(6)}
        pd.DataFrame(weights).to_parquet(models / f"identity_weights/weights_{seed}.parquet")
        for name in (METHOD, "without_weights"):
            place = models / "trained" / name
            torch.manual_seed(derive_seed(seed, name))
            method = build_method(params, {"voice": 8, "face": 8}, 6, None)
            save_tensors(place / f"seed_{seed}.safetensors", method.state_dict())
            about = {
                "method": METHOD,
                "seed": seed,
                "step": 100 * seed,
                "validation_accuracy": accuracy,
                "calibration": CALIBRATION.as_json(),
            }
            write_json(
                place / f"seed_{seed}.json",
                {**about, "identities": 6, "feature_width": {"voice": 8, "face": 8}},
            )
            write_curve(place / f"seed_{seed}.jsonl", 40)


def write_curve(path: Path, steps: int) -> None:
    rows = [{"step": step, "loss": 9.0 - 0.1 * step, "learning_rate": 0.05} for step in range(0, steps, 10)]
    rows.append({"step": steps, "validation_accuracy": 0.5})
    write_text(path, "".join(json.dumps(row) + "\n" for row in rows))


def write_results(folder: Path) -> None:
    for number, name in enumerate(("warm_up", METHOD, "without_weights")):
        write_json(
            folder / f"reports/evaluate/{name}.json",
            {metric: value - 0.01 * number for metric, value in METRICS.items()} | {"not/defined": None},
        )
        for table, rows in TABLES.items():
            write_text(folder / f"reports/evaluate/{name}/{table}.csv", rows)
    write_text(folder / "reports/index.html", "<html></html>\n")
    write_text(folder / "reports/plots/loss.svg", "<svg/>\n")


def write_lock(folder: Path, raw: dict) -> None:
    from ruamel.yaml import YAML

    stages = {
        name: {"cmd": f"vfal stage {name}", "params": {"params.yaml": {name: raw[name]}}}
        for name in ("pretrain", "warm_up", "weigh_identities", "retrain")
    }
    stages |= {name: {"cmd": f"vfal stage {name}"} for name in UNDEMANDING}
    stages["collect"] = {"outs": [{"path": "data/raw", "md5": "0123456789abcdef0123456789abcdef.dir"}]}
    stages["prepare"] = {"outs": [{"path": "data/prepared", "md5": "fedcba9876543210fedcba9876543210.dir"}]}
    text = io.StringIO()
    YAML().dump({"schema": "2.0", "stages": stages}, text)
    write_text(folder / "dvc.lock", text.getvalue())
