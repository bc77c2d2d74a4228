import math

import pytest
import torch
from torch import Tensor

from vfal.losses.softmax_contrast import explicit_loss, softmax_contrast, two_sided_explicit_loss

OFFSET = 5.4


def worked_example() -> tuple[Tensor, Tensor, Tensor]:
    """Faces, voices and identities of the worked example in the methods file, section 19."""
    i, d = torch.arange(6, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)[None, :]
    return torch.sin(0.7 * i + 0.3 * d**2 + 1), torch.cos(0.5 * i - 0.4 * d), torch.tensor([0, 1, 2, 0, 1, 3])


def loop(
    anchors_BD: Tensor, candidates_BD: Tensor, offset: float, identities: list[int] | None = None
) -> list[float]:
    """The explicit loss, written item by item."""
    losses = []
    for i, anchor in enumerate(anchors_BD):
        sims = [float(anchor @ candidate / candidate.norm()) for candidate in candidates_BD]
        negatives = [j for j in range(len(sims)) if j != i]
        if identities is not None:
            negatives = [j for j in negatives if identities[j] != identities[i]]
        losses.append(math.log(offset + sum(math.exp(sims[j] - sims[i]) for j in negatives)))
    return losses


@pytest.mark.parametrize("offset", [0.5, 1.0, OFFSET, 20.0])
def test_the_explicit_loss_equals_the_plain_loop(offset: float) -> None:
    faces_BD, voices_BD, _ = worked_example()
    found_B = explicit_loss(voices_BD, faces_BD, offset=offset)
    assert found_B.tolist() == pytest.approx(loop(voices_BD, faces_BD, offset), rel=1e-12)


def test_items_of_the_anchors_identity_can_be_left_out() -> None:
    faces_BD, voices_BD, identity_B = worked_example()
    found_B = explicit_loss(voices_BD, faces_BD, offset=OFFSET, exclude_same_identity=identity_B)
    expected = loop(voices_BD, faces_BD, OFFSET, identity_B.tolist())
    assert found_B.tolist() == pytest.approx(expected, rel=1e-12)


def test_a_batch_of_one_identity_costs_the_offset_alone() -> None:
    faces_BD, voices_BD, identity_B = worked_example()
    faces_BD.requires_grad_()
    loss_B = explicit_loss(
        voices_BD, faces_BD, offset=OFFSET, exclude_same_identity=torch.zeros_like(identity_B)
    )
    loss_B.sum().backward()
    assert loss_B.tolist() == pytest.approx([math.log(OFFSET)] * 6)
    assert faces_BD.grad is not None
    assert faces_BD.grad.abs().max() == 0


def test_the_two_sided_loss_gives_the_values_of_the_worked_example() -> None:
    faces_BD, voices_BD, _ = worked_example()
    found_B = two_sided_explicit_loss(voices_BD, faces_BD, offset=OFFSET)
    expected = [1.963162, 2.084178, 2.469884, 2.764169, 2.223398, 1.908803]
    assert found_B.tolist() == pytest.approx(expected, abs=1e-6)
    assert found_B.mean().item() == pytest.approx(2.2355992, abs=1e-7)
    plain_B = two_sided_explicit_loss(voices_BD, faces_BD, offset=1.0)
    assert plain_B.mean().item() == pytest.approx(1.5213951, abs=1e-7)


@pytest.mark.parametrize(
    ("temperature", "one_side", "both_sides"), [(1.0, 1.5366201, 3.1054324), (0.03, 13.3192844, 28.7999428)]
)
def test_info_nce_gives_the_values_of_the_worked_example(
    temperature: float, one_side: float, both_sides: float
) -> None:
    faces_BD, voices_BD, _ = worked_example()

    def info_nce(anchors_BD: Tensor, candidates_BD: Tensor) -> float:
        loss_B = softmax_contrast(
            anchors_BD,
            candidates_BD,
            offset=1.0,
            temperature=temperature,
            normalise_anchors=True,
            normalise_candidates=True,
        )
        return loss_B.mean().item()

    assert info_nce(faces_BD, voices_BD) == pytest.approx(one_side, abs=1e-7)
    assert info_nce(faces_BD, voices_BD) + info_nce(voices_BD, faces_BD) == pytest.approx(
        both_sides, abs=1e-7
    )


def test_a_longer_anchor_sharpens_the_loss_and_a_longer_candidate_does_not() -> None:
    faces_BD, voices_BD, _ = worked_example()
    loss_B = explicit_loss(voices_BD, faces_BD, offset=OFFSET)
    torch.testing.assert_close(explicit_loss(voices_BD, 7 * faces_BD, offset=OFFSET), loss_B)
    assert not torch.allclose(explicit_loss(7 * voices_BD, faces_BD, offset=OFFSET), loss_B)


@pytest.mark.parametrize("scale", [1e2, 1e4, 1e6])
def test_negatives_that_win_by_far_do_not_overflow(scale: float) -> None:
    faces_BD = worked_example()[0]
    anchors_BD = (-scale * faces_BD).float().requires_grad_()
    loss_B = explicit_loss(anchors_BD, faces_BD.float(), offset=OFFSET)
    loss_B.mean().backward()
    assert loss_B.isfinite().all()
    assert loss_B.max() > 88  # where the literal form overflows in single precision
    assert anchors_BD.grad is not None
    assert anchors_BD.grad.isfinite().all()


@pytest.mark.parametrize(("offset", "temperature"), [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), (math.nan, 1.0)])
def test_offset_and_temperature_must_be_positive(offset: float, temperature: float) -> None:
    faces_BD, voices_BD, _ = worked_example()
    with pytest.raises(ValueError, match="above 0"):
        softmax_contrast(
            voices_BD,
            faces_BD,
            offset=offset,
            temperature=temperature,
            normalise_anchors=False,
            normalise_candidates=True,
        )
