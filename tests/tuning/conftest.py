"""A prepared corpus of features only: all that a study reads."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from ruamel.yaml import YAML

from vfal.core.config.params import check
from vfal.core.files import write_json
from vfal.core.seeding import generator
from vfal.core.tables import write_table
from vfal.core.types import MODALITIES
from vfal.data.features import NUMBER_OF, Features, write_features
from vfal.data.trials import make_trials
from vfal.tuning import study

from ..tiny_params import raw_params

SPLITS = {"train": 16, "val": 8, "test": 6}
ITEMS, WIDTH = 3, 8
SMALL = {
    "seeds": [1],
    "machine__device": "cpu",
    "machine__threads": 1,
    "prepare__identities": {"pretrain": 0, **SPLITS},
    "prepare__trials__candidates": 4,
    "prepare__trials__joint_queries_per_identity": 2,
    "prepare__trials__joint_means": [1],
    "pretrain__voice": {"name": "small_voice", "channels": 4, "width": WIDTH, "weights": "given"},
    "pretrain__face": {"name": "small_face", "channels": 4, "width": WIDTH, "weights": "given"},
    "warm_up__steps": 10,
    "warm_up__batch_size": 8,
    "weigh_identities__growth_ratio": 0.2,
    "weigh_identities__interval_steps": 2,
    "weigh_identities__max_steps": 40,
    "retrain__steps": 12,
    "retrain__batch_size": 8,
    "retrain__validate_every_steps": 4,
    "methods__seeking_the_shape__trunk_width": 16,
    "methods__seeking_the_shape__width": 8,
    "evaluate__matching_sizes": [2, 4],
    "tune__trials": 3,
    "tune__startup_trials": 2,
    "tune__prune_after_trials": 50,
    "tune__heartbeat_s": 1,
    "tune__objective__seeds": [1],
    "tracking__uri": "http://127.0.0.1:9",  # nobody listens there
}


def small(**changes: Any) -> dict[str, Any]:
    return raw_params(**SMALL | changes)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    names = [f"id{number:03d}" for number in range(sum(SPLITS.values()))]
    people = pd.DataFrame(
        {
            "identity": names,
            "name": names,
            "gender": [("m", "f")[number % 2] for number in range(len(names))],
            "nationality": "Norway",
            "split": [split for split, count in SPLITS.items() for _ in range(count)],
        }
    )
    write_table(folder / "data/prepared/identities.parquet", people)
    write_json(folder / "data/prepared/split.json", {"family": "seeded"})
    who = generator(1, "people").standard_normal((len(names), WIDTH))
    items = {}
    for modality in MODALITIES:
        owner = np.repeat(np.arange(len(names)), ITEMS)
        noise = generator(1, modality).standard_normal((len(owner), WIDTH))
        index = pd.DataFrame(
            {
                NUMBER_OF[modality]: np.arange(len(owner)),
                "identity": [names[person] for person in owner],
                "row": np.arange(len(owner)),
            }
        )
        vectors = (who[owner] + 0.5 * noise).astype(np.float32)
        write_features(folder / "data/features", modality, Features(index, vectors))
        items[modality] = index
    settings = check(small()).prepare.trials
    for split in ("val", "test"):
        tables = make_trials(people, items["voice"], items["face"], split=split, seed=1, settings=settings)
        for name, table in tables.items():
            write_table(folder / f"data/prepared/trials/{split}_{name}.parquet", table)
    return folder


@pytest.fixture(autouse=True)
def quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures take seconds: only tests that look at them draw them."""
    if "pictures" not in request.fixturenames:
        monkeypatch.setattr(study, "draw_pictures", lambda *_: [])


@pytest.fixture
def pictures() -> None:
    """Asked for by tests that look at pictures."""


Checkout = Callable[..., Path]


@pytest.fixture
def checkout(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Checkout]:
    """A copy of the prepared corpus under some parameters, as the current folder."""
    threads = torch.get_num_threads()
    monkeypatch.delenv("VFAL_STATE", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def made(name: str = "here", **changes: Any) -> Path:
        folder = tmp_path / name
        if not folder.exists():
            shutil.copytree(prepared, folder)
        with (folder / "params.yaml").open("w") as handle:
            YAML(typ="safe").dump(small(**changes), handle)
        monkeypatch.chdir(folder)
        return folder

    yield made
    torch.set_num_threads(threads)
