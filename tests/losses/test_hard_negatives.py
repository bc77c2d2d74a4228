import math

import torch

from vfal.losses.hard_negatives import drawn_negatives

SIMS = torch.tensor([[0.9, 0.8, -0.5, 0.1], [0.2, 0.9, 0.3, 0.7], [0.0, 0.1, 0.9, 0.6], [0.6, 0.1, 0.2, 0.9]])
OWN = torch.eye(4, dtype=torch.bool)


def test_a_wrong_candidate_is_drawn_by_how_similar_it_is() -> None:
    torch.manual_seed(1)
    draws = torch.cat([drawn_negatives(SIMS, OWN, temperature=0.3)[3:] for _ in range(3000)])
    weights = [
        math.exp(s / 0.3) / sum(math.exp(t / 0.3) for t in (0.6, 0.1, 0.2, 0.9)) for s in (0.6, 0.1, 0.2)
    ]
    wanted = torch.tensor([*weights, 0.0]) + torch.tensor([1e-4, 1e-4, 1e-4, 0.0])
    assert (draws.bincount(minlength=4) / 3000 - wanted / wanted.sum()).abs().max() < 0.03


def test_nobody_of_the_same_label_is_drawn() -> None:
    torch.manual_seed(1)
    label_B = torch.tensor([0, 0, 1, 2])
    same_BB = label_B[:, None] == label_B[None, :]
    for temperature in (0.07, None):
        draws_RB = torch.stack([drawn_negatives(SIMS, same_BB, temperature=temperature) for _ in range(200)])
        assert not same_BB[torch.arange(4).expand_as(draws_RB), draws_RB].any()


def test_where_all_share_a_label_any_other_place_is_drawn() -> None:
    torch.manual_seed(1)
    everybody = torch.ones(4, 4, dtype=torch.bool)
    draws_RB = torch.stack([drawn_negatives(SIMS, everybody, temperature=0.07) for _ in range(200)])
    assert not (draws_RB == torch.arange(4)).any()


def test_without_a_temperature_all_wrong_ones_are_as_likely() -> None:
    torch.manual_seed(1)
    draws = torch.cat([drawn_negatives(SIMS, OWN, temperature=None)[:1] for _ in range(3000)])
    assert (draws.bincount(minlength=4) / 1000 - torch.tensor([0.0, 1, 1, 1])).abs().max() < 0.1
