"""Losses of the adversarial methods against plain loops."""

import math
from itertools import product

import pytest
import torch
from torch import Tensor

from vfal.losses.batch_triplets import batch_triplets
from vfal.losses.common_centres import CommonCentres
from vfal.losses.lifted_negatives import lifted_negatives
from vfal.losses.modality_game import modality_loss
from vfal.losses.rival_classes import rival_classes_loss


def drawn(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def distance(a: Tensor, b: Tensor, eps: float = 0.0) -> float:
    return math.sqrt(sum((float(x) - float(y) + eps) ** 2 for x, y in zip(a, b, strict=True)))


@pytest.mark.parametrize(("margin", "nearest"), [*product([-1.0, 0.2, 1.2], [False, True])])
def test_the_lifted_structure_loss_equals_the_plain_loop(margin: float, nearest: bool) -> None:
    anchors, positives, negatives = drawn(5, 3), drawn(5, 3, seed=2), drawn(4, 5, 3, seed=3)
    wanted = []
    for i in range(5):
        reach = [math.exp(margin - distance(anchors[i], one[i], 1e-6)) for one in negatives]
        back = [math.exp(margin - distance(positives[i], one[i], 1e-6)) for one in negatives]
        pushed = max(reach) + max(back) if nearest else sum(reach) + sum(back)
        wanted.append(max(0.0, math.log(pushed) + distance(anchors[i], positives[i], 1e-6)) / 2)
    found_B = lifted_negatives(
        anchors, positives, negatives, margin=margin, negatives="nearest" if nearest else "all"
    )
    assert found_B.tolist() == pytest.approx(wanted, rel=1e-9)


def test_with_one_negative_the_nearest_is_all_of_them() -> None:
    sides = drawn(6, 4), drawn(6, 4, seed=2), drawn(1, 6, 4, seed=3)
    one, other = (lifted_negatives(*sides, margin=1.2, negatives=which) for which in ("all", "nearest"))  # type: ignore[arg-type]
    torch.testing.assert_close(one, other)


def test_the_worked_example_of_the_lifted_loss() -> None:
    i, d = torch.arange(6, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)[None, :]
    faces_BD, voices_BD = torch.sin(0.7 * i + 0.3 * d**2 + 1), torch.cos(0.5 * i - 0.4 * d)
    loss_B = lifted_negatives(voices_BD, faces_BD, faces_BD.roll(1, dims=0)[None], margin=1.0)
    assert float(loss_B.mean()) == pytest.approx(0.9512763, abs=1e-6)


def test_negatives_far_away_cost_nothing() -> None:
    anchors_BD = drawn(3, 4)
    loss_B = lifted_negatives(anchors_BD, anchors_BD, anchors_BD[None] + 100, margin=1.2)
    assert loss_B.tolist() == [0, 0, 0]


def test_the_lifted_loss_does_not_overflow() -> None:
    far_BD = torch.full((2, 4), 1e4)
    loss_B = lifted_negatives(far_BD, -far_BD, far_BD[None], margin=1.2)
    assert torch.isfinite(loss_B).all()


def test_confusing_the_critic_is_convincing_it_of_the_other_modality() -> None:
    logits_B2 = drawn(5, 2)
    as_voice = modality_loss(logits_B2, "voice", swapped=False)
    torch.testing.assert_close(modality_loss(logits_B2, "face", swapped=True), as_voice)
    wanted = [math.log(sum(math.exp(float(z)) for z in row)) - float(row[1]) for row in logits_B2]
    assert as_voice.tolist() == pytest.approx(wanted, rel=1e-12)


def test_a_sure_critic_still_gives_the_encoders_a_slope() -> None:
    logits_B2 = torch.tensor([[-20.0, 20.0]], requires_grad=True)  # surely a voice
    modality_loss(logits_B2, "voice", swapped=True).sum().backward()
    assert logits_B2.grad is not None and logits_B2.grad.tolist() == [[-1.0, 1.0]]


def test_rival_classes_equal_the_plain_loop() -> None:
    logits_BC, class_B = drawn(20, 4), torch.arange(20) % 4
    wanted = []
    for row, label in zip(logits_BC.tolist(), class_B.tolist(), strict=True):
        probability = [1 / (1 + math.exp(-z)) for z in row]
        counted = [c == label or probability[c] > max(probability) - 0.1 for c in range(4)]
        terms = [-math.log(p if c == label else 1 - p) for c, p in enumerate(probability)]
        wanted.append(sum(term for term, counts in zip(terms, counted, strict=True) if counts))
    assert rival_classes_loss(logits_BC, class_B, slack=0.1).tolist() == pytest.approx(wanted, rel=1e-9)


def test_a_class_far_behind_costs_nothing() -> None:
    logits_BC = torch.tensor([[3.0, -3.0]], requires_grad=True)
    rival_classes_loss(logits_BC, torch.tensor([0]), slack=0.1).sum().backward()
    assert logits_BC.grad is not None and logits_BC.grad[0, 1] == 0


@pytest.mark.parametrize("negatives", ["all", "hardest"])
def test_batch_triplets_equal_the_plain_loop(negatives: str) -> None:
    anchors, candidates, identity = drawn(7, 3), drawn(7, 3, seed=2), [0, 1, 2, 0, 3, 1, 4]
    wanted = []
    for i in range(7):
        away = [distance(anchors[i], one) for one in candidates]
        own = max(away[j] for j in range(7) if identity[j] == identity[i])
        costs = [max(0.0, 0.6 + own - away[j]) for j in range(7) if identity[j] != identity[i]]
        wanted.append(max(costs) if negatives == "hardest" else sum(costs) / len(costs))
    found_B = batch_triplets(
        anchors,
        candidates,
        torch.tensor(identity),
        margin=0.6,
        negatives=negatives,  # type: ignore[arg-type]
    )
    assert found_B.tolist() == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("negatives", ["all", "hardest"])
def test_a_batch_of_one_person_has_no_triplet(negatives: str) -> None:
    rows_BD = drawn(3, 2)
    loss_B = batch_triplets(rows_BD, rows_BD, torch.zeros(3), margin=0.6, negatives=negatives)  # type: ignore[arg-type]
    assert loss_B.tolist() == [0, 0, 0]


def test_centres_pull_both_modalities_of_a_person_and_follow_them() -> None:
    centres = CommonCentres(3, 2, rate=0.5).double()
    voices_BD, faces_BD, identity_B = drawn(2, 2), drawn(2, 2, seed=2), torch.tensor([2, 0])
    for _ in range(2):
        before_ID = centres.centres_ID.clone()
        wanted = [
            0.5 * (distance(voices_BD[i], before_ID[k]) ** 2 + distance(faces_BD[i], before_ID[k]) ** 2)
            for i, k in enumerate(identity_B.tolist())
        ]
        assert centres(voices_BD, faces_BD, identity_B).tolist() == pytest.approx(wanted, rel=1e-9)
        centres.move(voices_BD, faces_BD, identity_B)
        for i, k in enumerate(identity_B.tolist()):
            moved_D = before_ID[k] - 0.5 * (2 * before_ID[k] - voices_BD[i] - faces_BD[i]) / 3
            torch.testing.assert_close(centres.centres_ID[k], moved_D)
    assert centres.centres_ID[1].tolist() == [0, 0]  # nobody of theirs was seen


def test_centres_come_to_rest_between_voice_and_face() -> None:
    centres = CommonCentres(1, 2, rate=0.5).double()
    voices_BD, faces_BD = torch.tensor([[1.0, 0.0]]).double(), torch.tensor([[0.0, 1.0]]).double()
    for _ in range(60):
        centres.move(voices_BD, faces_BD, torch.tensor([0]))
    torch.testing.assert_close(centres.centres_ID, torch.tensor([[0.5, 0.5]]).double())
