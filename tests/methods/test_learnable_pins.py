import pytest
import torch

from vfal.losses.curriculum_contrast import pair_distances
from vfal.methods.learnable_pins import LearnablePins

from .small_models import TRACKED, make, track_batch, unmoved_by_media


def made(row: str = "learnable_pins", **changes: object) -> LearnablePins:
    method = make(row, **TRACKED, **({"hardness_interval_steps": 500} | changes))
    assert isinstance(method, LearnablePins)
    return method


def test_hardness_grows_by_a_tenth_every_500_steps_from_0_3_to_0_8() -> None:
    method = made()
    found = [method.hardness(step) for step in (0, 499, 500, 1000, 1500, 2000, 2499, 2500, 90000)]
    assert found == [0.3, 0.3, 0.4, 0.5, 0.6, 0.7, 0.7, 0.8, 0.8]


@pytest.mark.parametrize("negatives", ["visited", "at_rank"])
def test_no_negative_is_nearer_than_the_partner_and_none_is_the_partner(negatives: str) -> None:
    method = made(negatives=negatives)
    torch.manual_seed(0)
    distance_BB = torch.rand(20, 20)
    for step in (0, 1000, 5000):
        negative_BB = method.negatives(distance_BB, step)
        assert not negative_BB.diagonal().any()
        assert (distance_BB > distance_BB.diagonal()[:, None])[negative_BB].all()
        assert negative_BB.sum(1).max() == (1 if negatives == "at_rank" else int(method.hardness(step) * 20))


def test_later_steps_allow_nearer_negatives() -> None:
    torch.manual_seed(0)
    distance_BB = torch.rand(40, 40)
    nearest = [
        float(distance_BB[made(negatives="at_rank").negatives(distance_BB, step)].mean())
        for step in (0, 1000, 2500)
    ]
    assert nearest == sorted(nearest, reverse=True) and nearest[0] > nearest[-1]


def test_the_anchor_is_the_voice_and_the_loss_is_of_squared_unit_distances() -> None:
    method, batch = made().eval(), track_batch(0)
    ((_, terms),) = method.turns(batch, 0)
    assert batch.voices is not None and batch.faces is not None
    units = [
        torch.nn.functional.normalize(embedded_BD, dim=1)
        for embedded_BD in (method.embed_voices(batch.voices.inputs), method.embed_faces(batch.faces.inputs))
    ]
    distance_BB = pair_distances(units[0], units[1])
    torch.testing.assert_close(terms.losses["positives"], distance_BB.diagonal().square())
    negative_BB = method.negatives(distance_BB, 0)
    hinges = (0.6 - distance_BB).clamp_min(0).square()[negative_BB]
    torch.testing.assert_close(terms.losses["negatives"].mean(), hinges.mean())
    for row, row_B in enumerate(negative_BB):
        assert (terms.losses["negatives"][row] > 0) == bool(
            ((0.6 - distance_BB[row]).clamp_min(0)[row_B] > 0).any()
        )


def test_the_released_selection_takes_a_block_of_the_batch() -> None:
    method = made("learnable_pins_official")
    torch.manual_seed(0)
    negative_BB = method.negatives(torch.rand(20, 20), 0)
    for row_B in negative_BB:
        assert row_B.tolist() == sorted(row_B.tolist(), reverse=True)  # the first ones, however far


@pytest.mark.parametrize("row", ["learnable_pins", "learnable_pins_official"])
def test_a_step_from_recordings_and_pictures_moves_the_encoders(row: str) -> None:
    assert unmoved_by_media(row) == []
