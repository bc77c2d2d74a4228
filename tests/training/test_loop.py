import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vfal.core.errors import DivergedError
from vfal.data.batches import Batch
from vfal.method import Method, Terms
from vfal.training.loop import Trained
from vfal.training.record import read_curve

from .small_loop import (
    IDENTITIES,
    NAMES,
    OPTIMISER,
    OneVectorEach,
    batches,
    loop,
    main_method,
    same,
    tracker,
)


def test_the_loss_falls_and_the_curve_says_so(tmp_path: Path) -> None:
    steady = OPTIMISER.model_copy(update={"milestones_steps": ()})
    loop(tmp_path, method=main_method(dropout=0.0), optimiser=steady, steps=60, weights=tracker()).run()
    curve = read_curve(tmp_path / "curve.jsonl")
    assert [row["step"] for row in curve] == [0, 10, 20, 30, 40, 50]
    assert curve[-1]["loss"] < curve[0]["loss"]
    assert set(curve[0]) == {
        "step", "learning_rate", "kept_ratio", "loss", "loss_identity_voice", "loss_identity_face",
        "loss_explicit", "signal_classification", "signal_cosine", "signal_rank",
    }  # fmt: skip


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first, again, other = (loop(tmp_path / name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    results = [training.run() for training in (first, again, other)]
    assert same(first.method.state_dict(), again.method.state_dict())
    assert same(results[0].momentum, results[1].momentum)
    assert (tmp_path / "a/curve.jsonl").read_bytes() == (tmp_path / "b/curve.jsonl").read_bytes()
    assert not same(first.method.state_dict(), other.method.state_dict())


def test_what_was_drawn_before_does_not_matter(tmp_path: Path) -> None:
    first, second = loop(tmp_path / "a"), loop(tmp_path / "b")
    first.run()
    torch.rand(1000)
    second.run()
    assert same(first.method.state_dict(), second.method.state_dict())


def test_two_phases_in_a_row_are_one_longer_phase(tmp_path: Path) -> None:
    whole = loop(tmp_path / "whole", steps=30)
    finished = whole.run()
    first = loop(tmp_path / "first", steps=18)
    left = first.run()
    second = loop(tmp_path / "second", method=first.method, steps=12, first_step=18, momentum=left.momentum)
    trained = second.run()
    assert same(whole.method.state_dict(), second.method.state_dict())
    assert same(finished.momentum, trained.momentum)
    rows = [row for part in ("first", "second") for row in read_curve(tmp_path / part / "curve.jsonl")]
    assert rows == read_curve(tmp_path / "whole/curve.jsonl")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_with_its_term(tmp_path: Path, value: float) -> None:
    class Broken(OneVectorEach):
        def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
            for player, terms in super().turns(batch, step):
                bad_B = terms.losses["size"] * (value if step == 3 else 1)
                yield player, Terms({"size": terms.losses["size"], "align_v2f": bad_B})

    found = rf"train, step 3: the loss is not finite \(size=[\d.]+, align_v2f={value}\)"
    training = loop(tmp_path, method=Broken())
    with pytest.raises(DivergedError, match=found):
        training.run()
    assert torch.isfinite(training.method.vectors).all()


def test_nan_in_the_input_stops_with_the_terms_it_reached(tmp_path: Path) -> None:
    drawn = batches(nan_at=[row for row in range(3 * IDENTITIES) if NAMES[row % IDENTITIES] == "id0"])
    with pytest.raises(DivergedError, match=r"identity_voice=nan, identity_face=[\d.]+, explicit=nan"):
        loop(tmp_path, drawn=drawn).run()


def test_the_best_step_on_validation_is_kept(tmp_path: Path) -> None:
    accuracies = iter([0.5, 0.9, 0.9, 0.7])
    states: list[dict[str, Tensor]] = []

    def validate(method: Method) -> float:
        assert not method.training
        states.append({name: value.clone() for name, value in method.state_dict().items()})
        return next(accuracies)

    trained = loop(tmp_path, validate=validate, validate_every_steps=8).run()  # 8, 16, 24 and the end
    assert (trained.best["step"], trained.best["accuracy"]) == (16, 0.9)
    assert same(trained.best["model"], states[1])
    rows = [row for row in read_curve(tmp_path / "curve.jsonl") if "validation_accuracy" in row]
    assert [(row["step"], row["validation_accuracy"]) for row in rows] == [
        (7, 0.5),
        (15, 0.9),
        (23, 0.9),
        (29, 0.7),
    ]


def test_a_phase_that_validates_at_its_last_step_does_so_once(tmp_path: Path) -> None:
    calls: list[int] = []
    loop(tmp_path, validate=lambda method: calls.append(1) or 0.5, validate_every_steps=10).run()
    assert len(calls) == 3


def test_a_method_is_told_how_each_validation_went(tmp_path: Path) -> None:
    class Curious(OneVectorEach):
        def validated(self, step: int, accuracy: float) -> None:
            told.append((step, accuracy))

    told: list[tuple[int, float]] = []
    loop(tmp_path, method=Curious(), validate=lambda method: 0.5, validate_every_steps=10, steps=25).run()
    assert told == [(10, 0.5), (20, 0.5), (25, 0.5)]


def test_half_precision_trains_too(tmp_path: Path) -> None:
    steady = OPTIMISER.model_copy(update={"milestones_steps": ()})
    training = loop(tmp_path, method=main_method(dropout=0.0), optimiser=steady, precision="bf16", steps=60)
    trained: Trained = training.run()
    assert trained.steps == 60 and all(
        value.dtype != torch.bfloat16 for value in training.method.state_dict().values()
    )
    curve = read_curve(tmp_path / "curve.jsonl")
    assert curve[-1]["loss"] < curve[0]["loss"]


def test_no_clock_time_is_written(tmp_path: Path) -> None:
    loop(tmp_path).run()
    names = {
        name for line in (tmp_path / "curve.jsonl").read_text().splitlines() for name in json.loads(line)
    }
    assert not [name for name in names if re.search("time|second|date", name)]


def test_every_validation_is_reported_and_may_end_the_run(tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    told: list[tuple[int, float]] = []

    def report(step: int, accuracy: float) -> None:
        told.append((step, accuracy))
        if step == 20:
            raise Enough

    training = loop(tmp_path, validate=lambda method: 0.5, report=report, validate_every_steps=10)
    with pytest.raises(Enough):
        training.run()
    assert told == [(10, 0.5), (20, 0.5)]
    assert [row["step"] for row in read_curve(tmp_path / "curve.jsonl") if "validation_accuracy" in row] == [
        9,
        19,
    ]
