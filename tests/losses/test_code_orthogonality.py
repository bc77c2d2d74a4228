import math

import pytest
import torch
from torch import Tensor

from vfal.losses.code_orthogonality import mutual_overlap, own_overlap


def worked_example() -> tuple[Tensor, Tensor]:
    """Codes of the worked example in the methods file, section 19: shared and private, of faces."""
    i, d = torch.arange(6, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)[None, :]
    return torch.sin(0.7 * i + 0.3 * d**2 + 1).abs(), torch.cos(0.5 * i - 0.4 * d).abs()


def test_the_three_levels_give_the_values_of_the_worked_example() -> None:
    face_common_BD, face_private_BD = worked_example()
    voice_common_BD, voice_private_BD = face_common_BD + 0.1, face_private_BD + 0.2
    own = own_overlap(voice_common_BD, voice_private_BD) + own_overlap(face_common_BD, face_private_BD)
    mutual = mutual_overlap(face_common_BD, face_private_BD) + mutual_overlap(
        voice_common_BD, voice_private_BD
    )
    and_or = mutual_overlap(face_common_BD * voice_common_BD, face_private_BD + voice_private_BD)
    assert own.sum().item() == pytest.approx(10.8259946, abs=1e-7)
    assert mutual.mean().item() == pytest.approx(27.5446871, abs=1e-7)
    assert and_or.mean().item() == pytest.approx(23.3539576, abs=1e-7)


def test_each_items_share_equals_the_plain_loop() -> None:
    first_BD, second_BD = worked_example()
    squares = [
        sum(float(first @ second) ** 2 for second in second_BD) for first in first_BD
    ]  # of a row of the product
    expected = [len(squares) * one / math.sqrt(sum(squares)) for one in squares]
    assert mutual_overlap(first_BD, second_BD).tolist() == pytest.approx(expected, rel=1e-12)
    for found, first, second in zip(own_overlap(first_BD, second_BD), first_BD, second_BD, strict=True):
        expected_cosine = float(first @ second) / float(first.norm() * second.norm())
        assert found.item() == pytest.approx(expected_cosine, rel=1e-12)


def test_the_mean_of_the_shares_has_the_gradient_of_the_norm() -> None:
    first_BD, second_BD = (codes_BD.requires_grad_() for codes_BD in worked_example())
    shares = torch.autograd.grad(mutual_overlap(first_BD, second_BD).mean(), [first_BD, second_BD])
    whole = torch.autograd.grad((first_BD @ second_BD.T).norm(), [first_BD, second_BD])
    for found, expected in zip(shares, whole, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


def test_codes_that_never_overlap_cost_nothing_and_have_finite_gradients() -> None:
    first_BD, second_BD = torch.zeros(3, 4), torch.zeros(3, 4)
    first_BD[:, 0], second_BD[:, 2] = 1.0, 2.0
    for left_BD in (first_BD, torch.zeros(3, 4)):
        left_BD.requires_grad_()
        loss_B = mutual_overlap(left_BD, second_BD) + own_overlap(left_BD, second_BD)
        loss_B.sum().backward()
        assert loss_B.tolist() == [0, 0, 0]
        assert left_BD.grad is not None and torch.isfinite(left_BD.grad).all()
