import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from vfal.losses.hardest_negative import hardest_negative_ranking

IDENTITIES = [0, 1, 2, 0, 1, 3]


def worked_example() -> tuple[Tensor, Tensor]:
    """Voices and faces of the worked example in the methods file, section 19."""
    i, d = torch.arange(6, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)[None, :]
    return torch.cos(0.5 * i - 0.4 * d), torch.sin(0.7 * i + 0.3 * d**2 + 1)


def loop(voices_BD: Tensor, faces_BD: Tensor, identities: list[int], weight: float) -> list[float]:
    losses = []
    faces = normalize(faces_BD, dim=1)
    for i, voice in enumerate(normalize(voices_BD, dim=1)):
        others = [j for j in range(len(faces)) if identities[j] != identities[i]]
        hardest = min(others, key=lambda j: math.dist(voice, faces[j]))
        ranking = max(0.0, 0.6 + math.dist(voice, faces[i]) - math.dist(voice, faces[hardest]))
        losses.append(ranking + weight * max(0.0, 0.2 - math.dist(faces[i], faces[hardest])))
    return losses


def ranking(voices_BD: Tensor, faces_BD: Tensor, identity_B: Tensor, weight: float = 0.1) -> Tensor:
    return hardest_negative_ranking(
        voices_BD, faces_BD, identity_B, margin=0.6, separation_margin=0.2, separation_weight=weight
    )


@pytest.mark.parametrize("weight", [0.0, 0.1, 5.0])
def test_the_ranking_loss_equals_the_plain_loop(weight: float) -> None:
    voices_BD, faces_BD = worked_example()
    faces_BD[2] = faces_BD[0] + 0.01  # so that a positive and its hardest negative are close
    found_B = ranking(voices_BD, faces_BD, torch.tensor(IDENTITIES), weight)
    assert found_B.tolist() == pytest.approx(loop(voices_BD, faces_BD, IDENTITIES, weight), rel=1e-9)


def test_only_the_hardest_negative_is_pushed_away() -> None:
    voices_BD, faces_BD = worked_example()
    faces_BD.requires_grad_()
    ranking(voices_BD, faces_BD, torch.arange(6), weight=0.0)[0].backward()
    assert faces_BD.grad is not None
    touched = faces_BD.grad.abs().sum(1).nonzero().flatten().tolist()
    dist_B = torch.cdist(normalize(voices_BD[:1], dim=1), normalize(faces_BD, dim=1))[0].detach()
    dist_B[0] = math.inf
    assert touched == [0, int(dist_B.argmin())]


def test_another_item_of_the_same_person_is_no_negative() -> None:
    voices_BD, faces_BD = worked_example()
    faces_BD[3] = voices_BD[0]  # the same person's second face, as near as can be
    alone_B = ranking(voices_BD, faces_BD, torch.arange(6))
    assert alone_B[0] > ranking(voices_BD, faces_BD, torch.tensor(IDENTITIES))[0]


def test_a_batch_of_one_person_costs_nothing_and_has_a_finite_slope() -> None:
    voices_BD, faces_BD = worked_example()
    loss_B = ranking(voices_BD.requires_grad_(), faces_BD.requires_grad_(), torch.zeros(6))
    loss_B.sum().backward()
    assert loss_B.abs().max() == 0
    assert voices_BD.grad is not None and faces_BD.grad is not None
    assert voices_BD.grad.abs().max() == faces_BD.grad.abs().max() == 0


def test_the_length_of_embeddings_does_not_matter() -> None:
    voices_BD, faces_BD = worked_example()
    identity_B = torch.tensor(IDENTITIES)
    torch.testing.assert_close(
        ranking(9 * voices_BD, faces_BD / 7, identity_B), ranking(voices_BD, faces_BD, identity_B)
    )
