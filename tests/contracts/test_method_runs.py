from pathlib import Path
from typing import Any

import pytest
import torch

from vfal.core.errors import DivergedError
from vfal.data.batches import Bag, Batch, IdentityBatches

from .method_runs import Make, handed, train


def test_a_method_without_need_of_identities_is_handed_none(
    make: Make, batches: IdentityBatches, tmp_path: Path
) -> None:
    seen: list[Bag | None] = []
    method = make()
    turns = method.turns

    def watched(batch: Batch, step: int) -> Any:
        seen.extend([batch.voices, batch.faces])
        return turns(batch, step)

    method.turns = watched  # type: ignore[method-assign]
    train(method, batches, tmp_path, steps=1)
    named = [bag.identity_B is not None for bag in seen if bag is not None]
    assert set(named) == {"identity" in method.needs()}


def test_the_same_seed_gives_the_same_numbers(make: Make, batches: IdentityBatches, tmp_path: Path) -> None:
    first, second = train(make(), batches, tmp_path / "a"), train(make(), batches, tmp_path / "b")
    one, two = first.method.state_dict(), second.method.state_dict()
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_nan_in_the_input_stops_with_the_name_of_a_term(
    make: Make, batches: IdentityBatches, tmp_path: Path
) -> None:
    inputs, rows = batches.sources["voice"]
    broken = type(inputs)(inputs.features_ND * float("nan"))  # type: ignore[attr-defined,call-arg]
    batches.sources["voice"] = (broken, rows)
    method = make()
    with pytest.raises(
        DivergedError, match=r"contract, step 0: the loss is not finite \(.*\w+=nan"
    ) as caught:
        train(method, batches, tmp_path)
    terms = next(iter(make().turns(handed(method, batches.draw(0, torch.device("cpu"))), 0)))[1]
    assert all(f"{term}=" in str(caught.value) for term in (*terms.losses, *terms.batch_losses))
    assert all(torch.isfinite(parameter).all() for parameter in method.parameters())
