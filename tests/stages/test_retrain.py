import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from vfal.core.config.params import Params, check
from vfal.core.errors import ConfigError, DataError
from vfal.core.files import read_json
from vfal.evaluation.calibration import Calibration
from vfal.stages.retrain import run
from vfal.training.checkpoint import below, load_tensors, under
from vfal.training.loop import Loop
from vfal.training.phases import build_method
from vfal.training.record import read_curve

from ..tiny_params import raw_params

MODEL = Path("models/trained/seeking_the_shape")


def test_the_best_step_on_validation_is_the_model(params: Params) -> None:
    for seed in params.seeds:
        about = read_json(MODEL / f"seed_{seed}.json")
        rows = [row for row in read_curve(MODEL / f"seed_{seed}.jsonl") if "validation_accuracy" in row]
        assert [row["step"] for row in rows] == [4, 9, 11]
        best = max(rows, key=lambda row: row["validation_accuracy"])
        assert (about["step"], about["validation_accuracy"]) == (
            best["step"] + 1,
            best["validation_accuracy"],
        )
        assert 0 <= about["validation_accuracy"] <= 1


def test_what_its_scores_mean_is_learnt_from_the_validation_trials_alone(params: Params) -> None:
    table = pd.read_parquet("data/prepared/trials/val_verification.parquet")
    trials = table[table["group"] == "all"]
    assert set(trials["split"]) == {"val"}
    for seed in params.seeds:
        known = Calibration.from_json(read_json(MODEL / f"seed_{seed}.json")["calibration"])
        assert (known.trials, known.same) == (len(trials), trials["same"].sum())
        assert known.slope >= 0 and -1 <= known.threshold <= 1


def test_retraining_again_gives_the_same_bytes(
    params: Params, again: Callable[..., Path], finished: Path
) -> None:
    folder = again(str(MODEL))
    run(params)
    for path in (finished / MODEL).iterdir():
        assert (folder / MODEL / path.name).read_bytes() == path.read_bytes(), path.name


def test_other_weights_make_another_model(params: Params, again: Callable[..., Path], finished: Path) -> None:
    folder = again(str(MODEL))
    for seed in params.seeds:
        path = Path(f"models/identity_weights/weights_{seed}.parquet")
        table = pd.read_parquet(path)
        table.assign(weight=table["weight"].to_numpy()[::-1]).to_parquet(path)
    run(params)
    curves = [read_curve(place / MODEL / "seed_1.jsonl") for place in (finished, folder)]
    assert curves[0] != curves[1]


def test_weights_of_other_people_are_refused(params: Params, again: Callable[..., Path]) -> None:
    again(str(MODEL))
    path = Path("models/identity_weights/weights_1.parquet")
    table = pd.read_parquet(path)
    table.iloc[::-1].to_parquet(path)
    with pytest.raises(DataError, match=r"weights_1.parquet: lists other identities than the training split"):
        run(params)


def changed(params: Params, **blocks: dict[str, object]) -> Params:
    """The parameters with some keys of some blocks replaced; main is the method's own block."""
    main = params.methods.seeking_the_shape.model_copy(update=blocks.pop("main", {}))
    update = {name: getattr(params, name).model_copy(update=keys) for name, keys in blocks.items()}
    return params.model_copy(
        update=update | {"methods": params.methods.model_copy(update={"seeking_the_shape": main})}
    )


def killed_at(step: int, seed: int, monkeypatch: pytest.MonkeyPatch, params: Params) -> None:
    """Run the stage until that step of that seed, as if the process were killed there."""
    take = Loop._step

    def dying(self: Loop, global_step: int, *rest: Any) -> None:
        if (self.phase.seed, global_step) == (seed, step):
            raise KeyboardInterrupt
        take(self, global_step, *rest)

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(Loop, "_step", dying)
        run(params)


def model(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / MODEL).iterdir()}


@pytest.mark.parametrize(("step", "seed"), [(3, 1), (10, 1), (0, 2), (9, 2)])
def test_a_killed_stage_goes_on_to_the_same_bytes(
    params: Params,
    again: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    step: int,
    seed: int,
) -> None:
    often = changed(params, retrain={"checkpoint_every_steps": 4})
    folder = again(str(MODEL))
    run(often)
    wanted = model(folder)
    shutil.rmtree(MODEL)  # as DVC does before it runs a stage
    killed_at(step, seed, monkeypatch, often)
    shutil.rmtree(MODEL, ignore_errors=True)
    taken: list[tuple[int, int]] = []
    take = Loop._step

    def counting(self: Loop, global_step: int, *rest: Any) -> None:
        taken.append((self.phase.seed, global_step))
        take(self, global_step, *rest)

    monkeypatch.setattr(Loop, "_step", counting)
    run(often)
    assert model(folder) == wanted
    checkpoint = step - step % 4
    assert taken == [(s, k) for s in (1, 2) for k in range(12) if (s, k) >= (seed, checkpoint)]


@pytest.mark.parametrize(
    "change",
    [
        {"main": {"margin": 1.0}},
        {"retrain": {"steps": 11}},
        {"embed": {"voice_s": 0.5}},
        {"machine": {"precision": "bf16"}},
    ],
)
def test_a_changed_parameter_never_continues_older_work(
    params: Params, again: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    often = changed(params, retrain={"checkpoint_every_steps": 4})
    other = changed(often, **change)
    folder = again(str(MODEL))
    run(other)
    wanted = model(folder)
    shutil.rmtree(MODEL)
    killed_at(9, 1, monkeypatch, often)
    first: list[int] = []
    take = Loop._step

    def watching(self: Loop, global_step: int, *rest: Any) -> None:
        first.append(global_step)
        take(self, global_step, *rest)

    monkeypatch.setattr(Loop, "_step", watching)
    run(other)
    assert first[0] == 0 and model(folder) == wanted


def test_changed_features_never_continue_older_work(
    params: Params, again: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    often = changed(params, retrain={"checkpoint_every_steps": 4})
    again(str(MODEL))
    killed_at(9, 1, monkeypatch, often)
    path = Path("data/features/voices.npy")
    np.save(path, np.load(path)[::-1])
    with monkeypatch.context() as context, pytest.raises(AssertionError, match="from step 0"):
        context.setattr(Loop, "_step", refusing)
        run(often)


def refusing(self: Loop, global_step: int, *rest: Any) -> None:
    raise AssertionError(f"from step {global_step}")


def test_a_released_model_takes_the_place_of_training(
    params: Params, again: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = again(str(MODEL))
    raw = changed(params, main={"regime": "raw"})
    torch.manual_seed(7)
    wanted = build_method(raw, {"voice": 0, "face": 0}, 5, None).state_dict()  # of five other people
    published = {"face.": "F.model.", "voice.": "V.model.", "face_head.": "F.fc.", "voice_head.": "V.fc."}
    state = {"F.cls.weight": wanted["classifier.weight"]}
    for ours, theirs in published.items():
        state |= under(theirs[:-1], below(ours[:-1], wanted))
    torch.save({"start_it": 8000, "state_dict": state}, "best.pth.tar")
    monkeypatch.setattr(Loop, "_step", refusing)
    run(changed(raw, retrain={"weights": "best.pth.tar"}))
    for seed in params.seeds:
        about = read_json(folder / MODEL / f"seed_{seed}.json")
        assert about["step"] == 0 and 0 <= about["validation_accuracy"] <= 1
        found = load_tensors(folder / MODEL / f"seed_{seed}.safetensors")
        for name, tensor in wanted.items():
            if name != "classifier.weight":
                assert torch.equal(found[name], tensor), name


def test_a_released_model_on_frozen_features_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"retrain.weights: found 'best.pth.tar'.*regime: raw"):
        check(raw_params(retrain__weights="best.pth.tar"))
