"""The loop multiplies each person's losses by a weight."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from vfal.data.batches import Batch
from vfal.method import Terms
from vfal.training.record import read_curve

from .small_loop import (
    BATCH,
    IDENTITIES,
    STILL,
    OneVectorEach,
    loop,
    main_method,
    same,
    tracker,
)


def weighing(values: dict[int, float]) -> Any:
    weights = tracker()
    weight_I = torch.tensor([values.get(code, 1.0) for code in range(IDENTITIES)], dtype=torch.float64)
    weights.load_state_dict(weights.state_dict() | {"weights": weight_I, "updates": torch.tensor(1)})
    return weights


def test_nobody_learns_from_a_person_of_weight_zero(tmp_path: Path) -> None:
    training = loop(tmp_path, method=OneVectorEach(), weights=weighing({2: 0.0, 7: 0.0}), optimiser=STILL)
    training.run()
    still = (training.method.vectors == 1).all(dim=1)
    assert still.nonzero().flatten().tolist() == [2, 7]


def test_a_person_of_twice_the_weight_moves_twice_as_far(tmp_path: Path) -> None:
    # Two batches make a pass of ten of twelve people: after two steps nobody has moved twice.
    training = loop(
        tmp_path,
        method=OneVectorEach(),
        weights=weighing(dict.fromkeys(range(6), 0.5)),
        optimiser=STILL,
        steps=2,
    )
    training.run()
    moved = (1 - training.method.vectors.detach())[:, 0]
    light, heavy = (part[part > 0] for part in (moved[:6], moved[6:]))
    assert len(light) + len(heavy) == 2 * BATCH
    assert torch.allclose(heavy, heavy[0].expand_as(heavy)) and torch.allclose(light, heavy[0] / 2)
    assert heavy[0] == pytest.approx(2 * 0.1 / BATCH * IDENTITIES / 9)  # weights are scaled to a mean of 1


def test_the_official_arithmetic_gives_everybody_in_a_batch_the_mean_weight(tmp_path: Path) -> None:
    method = OneVectorEach()
    method.batch_mean = frozenset({"size"})
    weights = weighing(dict.fromkeys(range(6), 0.0))
    training = loop(tmp_path, method=method, weights=weights, optimiser=STILL, steps=1)
    identity_B = torch.from_numpy(training.batches.identities_of(0))
    training.run()
    moved = (1 - method.vectors.detach())[identity_B, 0]
    mean = weights.weights(identity_B).mean()
    assert torch.allclose(moved, (2 * 0.1 / BATCH * mean).float().expand_as(moved)) and 0 < mean < 2


def test_the_main_methods_switch_reaches_the_loop(tmp_path: Path) -> None:
    person, batch = (
        loop(
            tmp_path / weighting,
            method=main_method(implicit_weighting=weighting),
            weights=weighing({1: 0, 2: 0}),
        )
        for weighting in ("per_sample", "batch_mean")
    )
    person.run()
    batch.run()
    assert not same(person.method.state_dict(), batch.method.state_dict())


def test_a_term_that_is_not_one_loss_per_item_is_refused_by_name(tmp_path: Path) -> None:
    class Summed(OneVectorEach):
        def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
            yield "all", Terms({"centre": self.vectors.pow(2).sum()})

    with pytest.raises(ValueError, match=r"term 'centre': shape \(\) is not one loss per item"):
        loop(tmp_path, method=Summed()).run()


def test_observers_watch_the_signal_they_are_named_after(tmp_path: Path) -> None:
    observers = {"cosine": tracker(), "rank": tracker(), "size": tracker()}
    loop(tmp_path, observers=observers).run()
    assert (observers["cosine"].hardness_I < 5).all() and (observers["rank"].hardness_I < 5).all()
    assert not torch.equal(observers["cosine"].hardness_I, observers["rank"].hardness_I)
    assert (observers["size"].hardness_I == 5).all()  # the main method has no such signal


def test_weighing_ends_when_its_keep_ratio_is_reached(tmp_path: Path) -> None:
    weights = tracker()
    training = loop(
        tmp_path, weights=weights, observers={"classification": weights}, steps=500, update_every_steps=7
    )
    trained = training.run()
    assert weights.done and trained.steps == (weights.updates_needed - 1) * 7
    kept = [row["kept_ratio"] for row in read_curve(tmp_path / "curve.jsonl")]
    assert kept == sorted(kept) and kept[0] == pytest.approx(3 / 12)
