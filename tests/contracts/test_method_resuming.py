"""Killed between two refreshes of what it learns from all items, a run of any method loses nothing."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from vfal.data.batches import IdentityBatches, TrainingItems
from vfal.method import Method
from vfal.training.checkpoint import Checkpoints
from vfal.training.loop import Loop

from .conftest import STEPS_PER_PASS
from .method_runs import Make, train

STEPS, KEPT_AT, KILLED_AT = 11, 5, 8
RESTLESS = {  # clusters that differ from those at the start, and curricula that move within the run
    "clusters": 4,
    "fixed_clusters": 4,
    "least_clusters": 2,
    "stale_epochs": 1,
    "neighbours_steps": 8,
    "hardness_interval_steps": 4,
    "regauging_after": 4,
    "adversary_ramp_steps": 8,
}
State = dict[str, Tensor]


def run(method: Method, batches: IdentityBatches, folder: Path) -> State:
    """The state at the end; validation finds nothing better, so that whoever waits for that acts."""
    train(method, batches, folder, STEPS, checkpoint_every_steps=KEPT_AT, validate=lambda method: 0.5)
    return state(method)


def state(method: Method) -> State:
    return {name: value.clone() for name, value in method.state_dict().items()}


def changed(one: State, other: State) -> set[str]:
    return {name for name in one if not torch.equal(one[name], other[name])}


def watched(method: Method) -> set[int]:
    """The steps before which a refresh changes the method, filled while it is trained."""
    refresh, steps = method.refresh, set[int]()

    def watching(step: int, items: TrainingItems) -> None:
        before = state(method)
        refresh(step, items)
        if changed(before, state(method)):
            steps.add(step)

    method.refresh = watching  # type: ignore[method-assign]
    return steps


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Steps of which the eighth never comes."""
    step = Loop._step

    def dying(self: Loop, global_step: int, *rest: Any) -> None:
        if global_step == KILLED_AT:
            raise KeyboardInterrupt
        step(self, global_step, *rest)

    monkeypatch.setattr(Loop, "_step", dying)
    return monkeypatch


def test_a_method_killed_and_continued_ends_as_an_undisturbed_one(
    make: Make, model: str, name: str, batches: IdentityBatches, tmp_path: Path, killed: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(make(**RESTLESS), batches, tmp_path / "killed")
    killed.undo()
    kept = Checkpoints(tmp_path / "killed").load()
    again = run(make(seed=2, **RESTLESS), batches, tmp_path / "killed")  # the checkpoint holds all of it
    undisturbed = make(**RESTLESS)
    fresh, refreshed = state(undisturbed), watched(undisturbed)
    whole = run(undisturbed, batches, tmp_path / "whole")
    assert changed(whole, again) == set()
    assert (tmp_path / "whole/curve.jsonl").read_bytes() == (tmp_path / "killed/curve.jsonl").read_bytes()
    # It was continued inside a pass, where no refresh repairs, when all that training changes had changed.
    assert kept is not None and kept["step"] == KEPT_AT and KEPT_AT % STEPS_PER_PASS
    assert changed(fresh, kept["model"]) == changed(fresh, whole)
    refreshes = type(undisturbed).refresh is not Method.refresh
    assert refreshed or not refreshes or model != name  # a variant may have no use for them
    assert not refreshed or min(refreshed) < KEPT_AT < max(refreshed)
    assert KEPT_AT not in refreshed
