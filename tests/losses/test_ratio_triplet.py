import math

import pytest
import torch
from torch import Tensor

from vfal.losses.ratio_triplet import ratio_triplet, rows_of_somebody_else


def worked_example() -> tuple[Tensor, Tensor]:
    """Voices and faces of the worked example in the methods file, section 19."""
    i, d = torch.arange(6, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)[None, :]
    return torch.cos(0.5 * i - 0.4 * d), torch.sin(0.7 * i + 0.3 * d**2 + 1)


def loop(voices_BD: Tensor, faces_BD: Tensor, power: int) -> list[float]:
    """The loss with voices as references and the face of the row before as negative, item by item."""
    losses = []
    for i, voice in enumerate(voices_BD):
        positive, negative = math.dist(voice, faces_BD[i]), math.dist(voice, faces_BD[i - 1])
        share = math.exp(positive) / (math.exp(positive) + math.exp(negative))
        losses.append(math.hypot(share - 0, (1 - share) - 1) ** power)
    return losses


@pytest.mark.parametrize("power", [1, 2])
def test_the_ratio_triplet_equals_the_plain_loop(power: int) -> None:
    voices_BD, faces_BD = worked_example()
    found_B = ratio_triplet(voices_BD, faces_BD, faces_BD.roll(1, 0), power=power)
    assert found_B.tolist() == pytest.approx(loop(voices_BD, faces_BD, power), rel=1e-10)


def test_the_worked_example_comes_out() -> None:
    voices_BD, faces_BD = worked_example()
    loss_B = ratio_triplet(voices_BD, faces_BD, faces_BD.roll(1, 0), power=1)
    assert loss_B.mean().item() == pytest.approx(0.6497164, abs=1e-7)


def test_a_reference_as_far_from_both_costs_one_half() -> None:
    voices_BD, faces_BD = worked_example()
    assert ratio_triplet(voices_BD, faces_BD, faces_BD, power=2).tolist() == pytest.approx([0.5] * 6)


def test_the_loss_has_no_margin_a_triplet_already_right_still_moves() -> None:
    voices_BD = worked_example()[0]
    near_BD = (voices_BD + 0.01).requires_grad_()
    ratio_triplet(voices_BD, near_BD, -voices_BD, power=2).sum().backward()
    assert near_BD.grad is not None and near_BD.grad.abs().min() > 0


def test_longer_embeddings_saturate_it() -> None:
    voices_BD, faces_BD = worked_example()
    losses = ratio_triplet(1e5 * voices_BD, 1e5 * faces_BD, 1e5 * faces_BD.roll(1, 0), power=2)
    assert ((losses < 1e-3) | (losses > 2 - 1e-3)).all()


def test_items_at_the_reference_itself_have_a_finite_slope() -> None:
    voices_BD = worked_example()[0].requires_grad_()
    ratio_triplet(voices_BD, voices_BD, voices_BD.roll(1, 0), power=2).sum().backward()
    assert voices_BD.grad is not None and voices_BD.grad.isfinite().all()


def test_where_nobody_comes_twice_somebody_else_is_the_row_before() -> None:
    assert rows_of_somebody_else(torch.tensor([4, 0, 7, 2])).tolist() == [3, 0, 1, 2]


def test_further_items_of_the_same_person_are_passed_over() -> None:
    identity_B = torch.tensor([4, 4, 7, 7, 2, 4])
    assert rows_of_somebody_else(identity_B).tolist() == [4, 4, 1, 1, 3, 4]


def test_in_a_batch_of_one_person_a_row_is_its_own_negative() -> None:
    assert rows_of_somebody_else(torch.tensor([3, 3, 3])).tolist() == [0, 1, 2]
