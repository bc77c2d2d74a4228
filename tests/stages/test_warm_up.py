import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from vfal.core.config.params import Params, read_raw, with_overrides
from vfal.core.files import read_json, write_json
from vfal.stages.warm_up import run
from vfal.training.checkpoint import below, load_tensors
from vfal.training.outputs import read_trained
from vfal.training.record import read_curve


def test_the_state_holds_model_momentum_and_the_hardness_of_every_measure(params: Params) -> None:
    state = load_tensors(Path("models/warm_up/state_2.safetensors"))
    assert {name.split(".")[0] for name in state} == {"model", "momentum", "hardness"}
    for measure in ("classification", "cosine", "rank"):
        hardness = below(f"hardness.{measure}", state)
        assert hardness["hardness"].shape == (16,) and int(hardness["updates"]) == 0
        assert (hardness["weights"] == 1).all()


def test_the_model_is_there_to_be_evaluated_by_itself(params: Params) -> None:
    state = below("model", load_tensors(Path("models/warm_up/state_1.safetensors")))
    model = read_trained(Path("models/trained/warm_up"), 1, params)
    assert not model.training
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    about = read_json(Path("models/trained/warm_up/seed_1.json"))
    assert (about["step"], about["identities"], about["validation_accuracy"]) == (12, 16, None)
    assert [row["step"] for row in read_curve(Path("models/trained/warm_up/seed_1.jsonl"))] == [0, 10]


def test_seeds_end_in_different_models(params: Params) -> None:
    first, second = (Path(f"models/trained/warm_up/seed_{seed}.safetensors").read_bytes() for seed in (1, 2))
    assert first != second


def test_warming_up_again_gives_the_same_bytes_and_clears_its_checkpoints(
    params: Params, again: Callable[..., Path], finished: Path
) -> None:
    folder = again("models/warm_up", "models/trained/warm_up")
    run(params)
    for part in ("models/warm_up", "models/trained/warm_up"):
        for path in (finished / part).iterdir():
            assert (folder / part / path.name).read_bytes() == path.read_bytes(), path.name
    assert list((folder / ".state/warm_up").iterdir()) == []


def test_encoders_learn_too_when_the_regime_is_raw(params: Params, again: Callable[..., Path]) -> None:
    again("models/warm_up", "models/trained/warm_up")
    main = params.methods.seeking_the_shape
    crops = main.augmentation.model_copy(update={"crop_min_s": 0.3, "crop_max_s": 0.5})
    raw = main.model_copy(update={"regime": "raw", "augmentation": crops})
    warm_up = params.warm_up.model_copy(update={"steps": 3})
    params = params.model_copy(
        update={
            "methods": params.methods.model_copy(update={"seeking_the_shape": raw}),
            "warm_up": warm_up,
            "seeds": (1,),
        }
    )
    run(params)
    model = read_trained(Path("models/trained/warm_up"), 1, params).state_dict()
    for modality in ("voice", "face"):
        before = below("encoder", load_tensors(Path(f"models/encoders/{modality}.safetensors")))
        after = below(modality, model)
        assert list(after) and set(after) == set(before)
        assert any(not torch.equal(after[name], before[name]) for name in before)
        for name, value in before.items():  # three steps from where pre-training ended, not from chance
            if name.endswith("weight"):
                assert (after[name] - value).abs().max() < 0.5 * value.abs().max(), name


LONGER = {"warm_up__steps": 160, "warm_up__checkpoint_every_steps": 20}


def by_two(folder: Path, **changes: Any) -> "subprocess.Popen[str]":
    """`vfal stage warm_up` in two processes, at work in `folder`."""
    changes |= {"machine__strategy": "distributed", "machine__processes": 2, "seeds": [1]}
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    write_json(folder / "params.yaml", with_overrides(read_raw(folder / "params.yaml"), dotted))
    return subprocess.Popen(
        [sys.executable, "-m", "vfal.start", "stage", "warm_up"],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to find the processes")
def test_two_processes_warm_up_as_one_does_and_go_on_after_a_kill_to_the_same_bytes(
    again: Callable[..., Path], finished: Path
) -> None:
    folder = again("models/warm_up", "models/trained/warm_up")
    with by_two(folder, **LONGER) as undisturbed:
        assert undisturbed.communicate(timeout=120) == (None, "")
    curve, state = "models/trained/warm_up/seed_1.jsonl", folder / "models/warm_up/state_1.safetensors"
    wanted = read_curve(finished / curve)
    for by_two_row, by_one_row in zip(read_curve(folder / curve)[: len(wanted)], wanted, strict=True):
        assert by_two_row == pytest.approx(by_one_row, rel=1e-4)
    assert list((folder / ".state/warm_up").iterdir()) == []

    expected = state.read_bytes()
    state.unlink()
    with by_two(folder, **LONGER) as killed:
        while not list((folder / ".state/warm_up").glob("*/checkpoint.pt")):
            assert killed.poll() is None
            time.sleep(0.01)
        ranks = children(killed.pid)
        assert len(ranks) == 2
        os.kill(ranks[1], signal.SIGKILL)
        _, told = killed.communicate(timeout=60)
    assert killed.returncode == 1
    assert "process 1 of 2 ended with SIGKILL" in told and "Traceback" not in told
    for rank in ranks:
        with pytest.raises(ProcessLookupError):
            os.kill(rank, 0)
    assert not state.exists()

    with by_two(folder, **LONGER) as resumed:
        assert resumed.communicate(timeout=120) == (None, "")
    assert state.read_bytes() == expected
