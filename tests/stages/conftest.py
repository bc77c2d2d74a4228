"""The whole map, stage after stage in this process, on a corpus of a few dozen people."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import chdir
from importlib import import_module
from pathlib import Path

import pytest
import torch

from vfal.core.config.params import Params, load_params
from vfal.core.files import write_json
from vfal.stages import LEADERBOARD, STAGES

from ..tiny_corpus import write_corpus
from ..tiny_params import raw_params

SMALL = {
    "seeds": [1, 2],
    "machine__device": "cpu",
    "machine__workers": 1,
    "machine__threads": 1,
    "collect__dataset": "vox1_vggface",
    "prepare__identities": {"pretrain": 8, "train": 16, "val": 6, "test": 8},
    "prepare__trials__candidates": 4,
    "prepare__trials__joint_queries_per_identity": 3,
    "prepare__trials__joint_means": [1, 2],
    "validate__positive_ratio": {"least": 0.2, "most": 0.8},  # lists this short stray far from a half
    "preprocess__face_px": 32,
    "preprocess__max_corrupt_ratio": 0.05,
    "pretrain__voice": {"name": "small_voice", "channels": 4, "width": 8, "weights": ""},
    "pretrain__face": {"name": "small_face", "channels": 4, "width": 8, "weights": ""},
    "pretrain__steps": 6,
    "pretrain__batch_identities": 8,
    "pretrain__augmentation__crop_min_s": 0.3,
    "pretrain__augmentation__crop_max_s": 0.5,
    "embed__voice_s": 0.6,
    "warm_up__steps": 12,
    "warm_up__batch_size": 8,
    "weigh_identities__growth_ratio": 0.2,
    "weigh_identities__interval_steps": 4,
    "weigh_identities__max_steps": 40,
    "retrain__steps": 12,
    "retrain__batch_size": 8,
    "retrain__validate_every_steps": 5,
    "evaluate__matching_sizes": [2, 4],
    "evaluate__joint_pairs": [[2, 1]],
    "evaluate__bootstrap_replicates": 50,
    "ablate__variants": {
        "without_weights": {"weigh_identities.rule": "none"},
        "focal": {"methods.seeking_the_shape.implicit_loss": "focal"},
    },
    "evaluate__models": ["warm_up", "seeking_the_shape", "without_weights", "focal"],
    "train_method__seeds": [1, 2],
    "train_method__recipe__batch_size": 8,
    "train_method__recipe__max_steps": 12,
    "train_method__recipe__validate_every_steps": 5,
    "train_method__recipe__adaptive__warm_up_steps": 6,
    "train_method__recipe__adaptive__interval_steps": 2,
    "train_method__recipe__augmentation__crop_min_s": 0.3,
    "train_method__recipe__augmentation__crop_max_s": 0.5,
    "train_method__models": {
        "fvcme": {"method": "fvcme", "changes": {}},
        "fvcme_adaptive": {"method": "fvcme", "changes": {"adaptive": True}},
        "fvcme_raw": {"method": "fvcme", "changes": {"regime": "raw"}},
    },
    "evaluate_method__bootstrap_replicates": 50,
}


def run_stage(name: str, params: Params) -> None:
    run = import_module(f"vfal.stages.{name}").run
    shelf = params.train_method.models
    repeated = {"ablate": params.ablate.variants, "evaluate": params.evaluate.models}
    items = (repeated | {"train_method": shelf, "evaluate_method": shelf}).get(name)
    if items is None:
        run(params)
        return
    for item in items:
        run(params, item)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which every stage has run once."""
    folder = tmp_path_factory.mktemp("stages")
    corpus = write_corpus(folder / "corpus", people=40, clips=3, faces=3, seconds=0.6)
    (corpus / "faces/Person_005/00000002.jpg").write_text("text renamed to jpg")
    write_json(folder / "params.yaml", raw_params(**SMALL, collect__root=str(corpus)))  # json is yaml
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch, chdir(folder):
        patch.delenv("VFAL_STATE", raising=False)
        params = load_params()
        for name in (*STAGES, *LEADERBOARD):
            run_stage(name, params)
    yield folder
    torch.set_num_threads(threads)


@pytest.fixture
def params(finished: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The parameters of the finished folder, which tests stand in; they must leave it as it is."""
    monkeypatch.chdir(finished)
    monkeypatch.delenv("VFAL_STATE", raising=False)
    return load_params()


@pytest.fixture
def again(
    finished: Path, params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """A copy of the finished folder without what a stage made, to stand in and run it again."""

    def copied(*without: str) -> Path:
        shutil.copytree(finished, tmp_path / "again", ignore=shutil.ignore_patterns("corpus"))
        for path in without:
            target = tmp_path / "again" / path
            shutil.rmtree(target) if target.is_dir() else target.unlink()
        monkeypatch.chdir(tmp_path / "again")
        return tmp_path / "again"

    return copied
