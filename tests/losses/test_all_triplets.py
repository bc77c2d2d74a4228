import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from vfal.losses.all_triplets import Reduction, all_triplets

IDENTITIES = [0, 1, 2, 0, 1, 3]


def worked_example() -> tuple[Tensor, Tensor]:
    """Voices and faces of the worked example in the methods file, section 19."""
    i, d = torch.arange(6, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)[None, :]
    return torch.cos(0.5 * i - 0.4 * d), torch.sin(0.7 * i + 0.3 * d**2 + 1)


def triplets(
    voices: Tensor, faces: Tensor, voice_ids: list[int], face_ids: list[int], margin: float
) -> Iterator[tuple[int, float]]:
    for a, voice in enumerate(voices):
        for p, positive in enumerate(faces):
            for n, negative in enumerate(faces):
                if voice_ids[a] == face_ids[p] and voice_ids[a] != face_ids[n]:
                    yield a, max(0.0, math.dist(voice, positive) - math.dist(voice, negative) + margin)


@pytest.mark.parametrize("margin", [0.2, 1.0])
@pytest.mark.parametrize("reduction", ["sum", "mean_all", "mean_active"])
def test_the_shares_of_all_triplets_equal_the_plain_loop(reduction: Reduction, margin: float) -> None:
    voices_BD, faces_BD = worked_example()
    found = list(triplets(voices_BD, faces_BD, IDENTITIES, IDENTITIES, margin))
    count = {"sum": 1, "mean_all": len(found), "mean_active": sum(loss > 0 for _, loss in found)}[reduction]
    identity_B = torch.tensor(IDENTITIES)
    loss_B = all_triplets(voices_BD, faces_BD, identity_B, identity_B, margin=margin, reduction=reduction)
    own = [sum(loss for a, loss in found if a == row) for row in range(6)]
    assert loss_B.tolist() == pytest.approx([6 * loss / count for loss in own], rel=1e-12)
    assert loss_B.mean().item() == pytest.approx(sum(loss for _, loss in found) / count, rel=1e-12)


def test_the_worked_example_comes_out() -> None:
    voices_BD, faces_BD = (128 * normalize(items, dim=1) for items in worked_example())
    place_B = torch.arange(6)
    loss_B = all_triplets(voices_BD, faces_BD, place_B, place_B, margin=1.0, reduction="mean_all")
    assert loss_B.mean().item() == pytest.approx(16.5601550, abs=1e-7)


def test_every_audio_of_a_person_meets_every_face_of_theirs_and_of_others() -> None:
    people, voices_each, faces_each = 5, 2, 3
    voice_ids, face_ids = torch.arange(people).repeat(voices_each), torch.arange(people).repeat(faces_each)
    voices_BD, faces_MD = torch.zeros(len(voice_ids), 4), torch.zeros(len(face_ids), 4)
    loss_B = all_triplets(voices_BD, faces_MD, voice_ids, face_ids, margin=1.0, reduction="sum")
    wanted = people * voices_each * faces_each * (people - 1) * faces_each  # each costs the margin
    assert loss_B.mean().item() == pytest.approx(wanted)


def test_with_as_many_triplets_each_an_anchor_carries_the_mean_of_its_own() -> None:
    voices_BD, faces_BD = worked_example()
    identity_B = torch.tensor([0, 0, 1, 1, 2, 2])
    found = list(triplets(voices_BD, faces_BD, identity_B.tolist(), identity_B.tolist(), 1.0))
    loss_B = all_triplets(voices_BD, faces_BD, identity_B, identity_B, margin=1.0, reduction="mean_all")
    for row, loss in enumerate(loss_B.tolist()):
        own = [value for a, value in found if a == row]
        assert loss == pytest.approx(sum(own) / len(own), rel=1e-12)


@pytest.mark.parametrize("reduction", ["sum", "mean_all", "mean_active"])
def test_a_batch_of_one_person_costs_nothing(reduction: Reduction) -> None:
    voices_BD, faces_BD = worked_example()
    same_B = torch.zeros(6, dtype=torch.long)
    loss_B = all_triplets(
        voices_BD.requires_grad_(), faces_BD, same_B, same_B, margin=1.0, reduction=reduction
    )
    loss_B.sum().backward()
    assert loss_B.abs().max() == 0 and voices_BD.grad is not None and voices_BD.grad.abs().max() == 0
