from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from vfal.training.checkpoint import Checkpoints
from vfal.training.loop import Loop, Trained
from vfal.training.record import Curve, read_curve

from .small_loop import Killed, batches, loop, tracker

STEPS = 30


def phase(name: str, folder: Path, **given: Any) -> Loop:
    """The three phases, and a phase that continues the steps of another."""
    match name:
        case "warm up":
            return loop(
                folder, observers={key: tracker() for key in ("classification", "cosine", "rank")}, **given
            )
        case "weigh":
            weights = tracker()
            return loop(
                folder, weights=weights, observers={"classification": weights}, update_every_steps=3,
                first_step=11, **given,
            )  # fmt: skip
        case "retrain":
            rising = [0.2, 0.7, 0.6, 0.8]

            def validate(method: torch.nn.Module) -> float:
                torch.rand(3)  # what validation draws must not matter
                return rising[int(method.classifier.weight.abs().sum().item() * 1000) % 4]

            return loop(folder, weights=tracker(), validate=validate, validate_every_steps=7, **given)
        case _:
            return loop(folder, precision="bf16", first_step=5, **given)


def outcome(training: Loop, trained: Trained, folder: Path) -> tuple[bytes, ...]:
    """All a phase leaves, as bytes."""
    parts = [trained.steps, trained.best.get("step"), trained.best.get("accuracy")]
    tensors = [training.method.state_dict(), trained.momentum, trained.best.get("model", {})]
    tensors += [observer.state_dict() for observer in training.observers.values()]
    if training.weights is not None:
        tensors.append(training.weights.state_dict())
    return (
        (folder / "curve.jsonl").read_bytes(),
        repr(parts).encode(),
        *(f"{name}".encode() + value.numpy().tobytes() for group in tensors for name, value in group.items()),
    )


def killed(drawn_at: int) -> Callable[..., Any]:
    """Batches of a process that is killed before it draws that step."""
    drawn = batches()
    draw = drawn.draw

    def dying(step: int, device: torch.device) -> Any:
        if step == drawn_at:
            raise Killed
        return draw(step, device)

    drawn.draw = dying  # type: ignore[method-assign]
    return drawn


@pytest.mark.parametrize("name", ["warm up", "weigh", "retrain", "bf16"])
@pytest.mark.parametrize("kills", [[0], [1], [4], [8, 9], [23], [29], [3, 5, 13, 14, 22]])
def test_a_phase_killed_and_run_again_ends_in_the_bytes_of_an_undisturbed_one(
    tmp_path: Path, name: str, kills: list[int]
) -> None:
    whole = phase(name, tmp_path / "whole")
    wanted = outcome(whole, whole.run(), tmp_path / "whole")
    last = whole.phase.first_step + STEPS
    for kill in kills:
        at = min(whole.phase.first_step + kill, last - 1)
        dying = phase(name, tmp_path / "killed", drawn=killed(at))
        try:
            dying.run()
        except Killed:
            continue
        assert name == "weigh"  # alone ends before its last step
    again = phase(name, tmp_path / "killed")
    assert outcome(again, again.run(), tmp_path / "killed") == wanted


@pytest.mark.parametrize("name", ["warm up", "weigh", "retrain"])
def test_a_finished_phase_run_again_does_nothing_and_leaves_the_same(tmp_path: Path, name: str) -> None:
    first = phase(name, tmp_path)
    wanted = outcome(first, first.run(), tmp_path)
    again = phase(name, tmp_path, drawn=killed(-1))
    again.batches.draw = lambda step, device: pytest.fail("drawn again")  # type: ignore[method-assign,misc]
    assert outcome(again, again.run(), tmp_path) == wanted


def test_a_kill_while_the_checkpoint_is_written_costs_the_steps_since_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = phase("retrain", tmp_path / "whole")
    wanted = outcome(whole, whole.run(), tmp_path / "whole")
    save = Checkpoints.save

    def dying(self: Checkpoints, state: Any) -> None:
        if state["step"] == 12:
            self.path.with_name(".checkpoint.pt.partial-1").write_bytes(b"half")
            raise Killed
        save(self, state)

    with monkeypatch.context() as context, pytest.raises(Killed):
        context.setattr(Checkpoints, "save", dying)
        phase("retrain", tmp_path / "killed").run()
    assert Checkpoints(tmp_path / "killed").load()["step"] == 8  # type: ignore[index]
    again = phase("retrain", tmp_path / "killed")
    assert outcome(again, again.run(), tmp_path / "killed") == wanted


def test_a_curve_is_cut_back_to_the_checkpoint_it_goes_on_from(tmp_path: Path) -> None:
    path = tmp_path / "curve.jsonl"
    curve = Curve(path, before_step=0)
    for step in (0, 10, 20):
        curve.add(step, {"loss": step / 10})
    curve.close()
    with path.open("a") as handle:
        handle.write('{"step": 25, "lo')
    Curve(path, before_step=20).close()
    assert read_curve(path) == [{"step": 0, "loss": 0.0}, {"step": 10, "loss": 1.0}]


def test_a_kill_while_the_curve_is_cut_back_loses_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "curve.jsonl"
    curve = Curve(path, before_step=0)
    curve.add(0, {"loss": 1.0})
    curve.close()

    def dying(self: Path, target: Path) -> None:
        raise Killed

    with monkeypatch.context() as context, pytest.raises(Killed):
        context.setattr(Path, "replace", dying)
        Curve(path, before_step=5)
    assert read_curve(path) == [{"step": 0, "loss": 1.0}]


def test_a_curve_holds_no_number_that_is_none(tmp_path: Path) -> None:
    curve = Curve(tmp_path / "curve.jsonl", before_step=0)
    with pytest.raises(ValueError):
        curve.add(0, {"loss": float("nan")})
    curve.close()
