import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from vfal.losses.multi_similarity import Rule, informative_pairs, multi_similarity, pairs_of

CONSTANTS = {"alpha": 2.0, "beta": 40.0, "base": 1.0}
LABELS = torch.tensor([0, 1, 2, 0, 1, 3, 0, 4])


def vectors(count: int = 8, seed: int = 1) -> Tensor:
    torch.manual_seed(seed)
    return torch.randn(count, 3, dtype=torch.float64)


def by_hand(vectors_ND: Tensor, labels: list[int], epsilon: float | None, rule: Rule) -> list[float]:
    """One anchor after the other, as Eq. 2-4 of Fuse after Align read."""
    units = normalize(vectors_ND, dim=1)
    sims, found = (units @ units.T).tolist(), []
    for i, own in enumerate(labels):
        positives = [sims[i][j] for j, label in enumerate(labels) if label == own and j != i]
        negatives = [sims[i][j] for j, label in enumerate(labels) if label != own]
        if epsilon is not None:
            weakest = min(positives, default=math.inf)
            rival = (max if rule == "intended" else min)(negatives, default=-math.inf)
            positives = [s for s in positives if s < rival + epsilon]
            negatives = [s for s in negatives if s > weakest - epsilon]
        near = math.log(1 + sum(math.exp(-2 * (s - 1)) for s in positives)) / 2
        found.append(near + math.log(1 + sum(math.exp(40 * (s - 1)) for s in negatives)) / 40)
    return found


@pytest.mark.parametrize("rule", ["intended", "literal"])
@pytest.mark.parametrize("epsilon", [None, 0.1, 1.0])
def test_it_is_the_printed_sum_over_each_anchors_pairs(epsilon: float | None, rule: Rule) -> None:
    found_N = multi_similarity(vectors(), LABELS, **CONSTANTS, epsilon=epsilon, rule=rule)
    assert found_N.tolist() == pytest.approx(by_hand(vectors(), LABELS.tolist(), epsilon, rule), rel=1e-9)


def test_nobody_is_a_pair_with_themselves() -> None:
    positive_NN, negative_NN = pairs_of(LABELS)
    assert not positive_NN.diagonal().any() and not negative_NN.diagonal().any()
    assert (positive_NN | negative_NN).sum() == 8 * 7


def test_the_printed_rule_discards_positives_that_the_intended_one_keeps() -> None:
    units_ND = normalize(vectors(40), dim=1)
    sims_NN, labels_N = units_ND @ units_ND.T, torch.arange(20).repeat(2)
    intended, _ = informative_pairs(sims_NN, labels_N, epsilon=0.1)
    literal, _ = informative_pairs(sims_NN, labels_N, epsilon=0.1, rule="literal")
    assert intended.sum() > 30 and literal.sum() < 10 and not (literal & ~intended).any()


def test_an_anchor_far_from_all_negatives_has_nothing_to_learn() -> None:
    opposite_ND = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    loss_N = multi_similarity(opposite_ND, torch.tensor([0, 1, 0, 1]), **CONSTANTS, epsilon=0.1)
    assert loss_N.tolist() == [0.0] * 4


def test_without_a_positive_or_a_negative_nothing_is_mined() -> None:
    for labels_N in (torch.arange(8), torch.zeros(8, dtype=torch.long)):
        loss_N = multi_similarity(vectors(), labels_N, **CONSTANTS, epsilon=0.1)
        assert loss_N.tolist() == [0.0] * 8


def test_its_slopes_are_finite_where_vectors_coincide() -> None:
    same_ND = torch.ones(4, 3, requires_grad=True)
    multi_similarity(same_ND, torch.tensor([0, 0, 1, 1]), **CONSTANTS, epsilon=0.1).sum().backward()
    assert same_ND.grad is not None and torch.isfinite(same_ND.grad).all()
