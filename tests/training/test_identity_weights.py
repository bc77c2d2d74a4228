import math
from typing import Any

import pytest
import torch

from vfal.core.errors import ConfigError, DataError
from vfal.training.identity_weights import IdentityWeights, batch_weights, updates_needed

OFFICIAL = {"initial_ratio": 0.5, "growth_ratio": 0.024, "keep_ratio": 0.9}
PAPER = {**OFFICIAL, "initial_ratio": 0.3}


def make(identities: int, **changes: Any) -> IdentityWeights:
    constants = {"hardness_initial": 14.0, "hardness_ema": 0.9, "decay": 0.99, **OFFICIAL, **changes}
    return IdentityWeights(identities, **constants)


def run(weights: IdentityWeights) -> int:
    updates = 0
    while not weights.done:
        weights.update()
        updates += 1
    return updates


@pytest.mark.parametrize(
    ("ratios", "updates", "kept", "first", "first_weight", "total"),
    [(OFFICIAL, 18, 836, 462, 0.99**17, 734.964783), (PAPER, 27, 849, 277, 0.99**26, 719.207153)],
)
def test_924_identities_end_as_the_methods_file_says(
    ratios: dict[str, float], updates: int, kept: int, first: int, first_weight: float, total: float
) -> None:
    weights = make(924, **ratios)
    assert run(weights) == weights.updates_needed == updates_needed(924, **ratios) == updates
    assert int((weights.weights_I > 0).sum()) == kept
    assert weights.kept_ratio == pytest.approx(kept / 924, rel=1e-6)
    assert weights.weights_I[:first].tolist() == pytest.approx([first_weight] * first)
    assert weights.weights_I.sum().item() == pytest.approx(total, rel=1e-6)


def test_the_easiest_identities_enter_first_and_the_hardest_never() -> None:
    weights = make(10, initial_ratio=0.3, growth_ratio=0.2, keep_ratio=0.65)
    everyone_B = torch.arange(10)
    weights.observe(everyone_B, torch.tensor([9.0, 3.0, 7.0, 1.0, 8.0, 2.0, 6.0, 4.0, 10.0, 5.0]))
    weights.update()
    assert (weights.weights_I > 0).nonzero().flatten().tolist() == [1, 3, 5]
    weights.update()
    assert (weights.weights_I == 1).nonzero().flatten().tolist() == [7, 9]
    weights.update()
    assert (weights.weights_I == 1).nonzero().flatten().tolist() == [2, 6]
    assert weights.done
    assert (weights.weights_I == 0).nonzero().flatten().tolist() == [0, 4, 8]
    assert weights.weights_I[[3, 7, 2]].tolist() == pytest.approx([0.99**2, 0.99, 1.0])


def test_equal_hardness_is_settled_by_the_smaller_index() -> None:
    weights = make(9, initial_ratio=0.4, growth_ratio=0.2)
    weights.update()
    assert (weights.weights_I > 0).nonzero().flatten().tolist() == [0, 1, 2]


def test_updates_after_the_end_change_nothing() -> None:
    weights = make(100)
    run(weights)
    before = weights.state_dict()
    weights.update()
    for name, value in weights.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


def test_everyone_can_be_kept_and_keeps_a_decaying_weight() -> None:
    weights = make(10, initial_ratio=0.5, growth_ratio=0.3, keep_ratio=1.0)
    assert run(weights) == 3
    assert weights.kept_ratio == 1.0
    assert weights.weights_I.tolist() == pytest.approx([0.99**2] * 5 + [0.99] * 3 + [1.0] * 2)


def test_hardness_moves_for_the_identities_of_the_batch_only() -> None:
    weights = make(100)
    weights.observe(torch.tensor([2, 7]), torch.tensor([4.0, 24.0]))
    assert weights.hardness_I[[2, 7, 0]].tolist() == pytest.approx([13.0, 15.0, 14.0])


def test_of_an_identity_twice_in_a_batch_the_last_row_counts() -> None:
    weights = make(100)
    weights.observe(torch.tensor([3, 5, 3]), torch.tensor([100.0, 14.0, 4.0]))
    assert weights.hardness_I[[3, 5]].tolist() == pytest.approx([13.0, 14.0])


def test_hardness_carries_no_gradient() -> None:
    weights = make(100)
    weights.observe(torch.tensor([1]), torch.ones(1, requires_grad=True) * 3)
    assert not weights.hardness_I.requires_grad


def test_before_the_first_update_every_weight_is_one() -> None:
    weights = make(100)
    assert weights.weights(torch.tensor([0, 50, 99])).tolist() == [1.0, 1.0, 1.0]
    assert not weights.done


def test_weights_have_mean_one_over_all_identities() -> None:
    weights_I = torch.tensor([0.0, 0.5, 1.0, 0.5], dtype=torch.float64)
    assert batch_weights(weights_I, torch.arange(4)).tolist() == [0.0, 1.0, 2.0, 1.0]
    assert batch_weights(weights_I, torch.tensor([0, 2])).tolist() == [0.0, 2.0]


def test_a_batch_of_dropped_identities_alone_gets_weight_one() -> None:
    weights_I = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    assert batch_weights(weights_I, torch.tensor([1, 0])).tolist() == [1.0, 1.0]


def test_a_stored_state_continues_as_if_never_stored() -> None:
    whole, stopped = make(100), make(100)
    everyone_B, hardness_B = torch.arange(100), torch.cos(torch.arange(100) * 1.0)
    for weights in (whole, stopped):
        weights.observe(everyone_B, hardness_B)
        weights.update()
    resumed = make(100)
    resumed.load_state_dict(stopped.state_dict())
    for weights in (whole, resumed):
        weights.observe(everyone_B, -hardness_B)
        weights.update()
    torch.testing.assert_close(resumed.state_dict(), whole.state_dict(), rtol=0, atol=0)


def test_a_stored_state_is_a_copy() -> None:
    weights = make(100)
    state = weights.state_dict()
    run(weights)
    assert state["weights"].eq(1).all()


def test_a_state_of_other_people_is_refused() -> None:
    with pytest.raises(DataError, match="of 50 identities, expected 100"):
        make(100).load_state_dict(make(50).state_dict())


@pytest.mark.parametrize("keep", [0.5, 0.51, 0.77, 0.9, 0.999, 1.0])
@pytest.mark.parametrize("identities", [42, 50, 100, 333, 924, 4000])
def test_the_number_of_updates_is_known_beforehand(identities: int, keep: float) -> None:
    weights = make(identities, keep_ratio=keep)
    assert run(weights) == weights.updates_needed


def test_45_of_50_falls_just_short_of_nine_tenths_as_in_the_published_code() -> None:
    weights = make(50)
    assert run(weights) == 22
    assert int((weights.weights_I > 0).sum()) == 46


def test_growth_of_less_than_one_identity_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"growth_ratio: 0.024 of 32 .* Use at least 0.0313"):
        make(32)


@pytest.mark.parametrize("keep", [0.0, -0.1, 1.7, math.nan])
def test_an_impossible_keep_ratio_is_refused(keep: float) -> None:
    with pytest.raises(ConfigError, match="keep_ratio"):
        make(100, keep_ratio=keep)
