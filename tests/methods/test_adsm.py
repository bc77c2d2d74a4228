"""Claims of Hearing like Seeing in small."""

import pytest
import torch

from .small_models import batch_of, features, make

PEOPLE = [3, 0, 5, 7]


def test_the_game_grows_from_nothing_to_its_whole_weight() -> None:
    model, weights = make("adsm", adversary_coefficient=0.2, adversary_ramp_steps=100), []
    for step in (0, 10, 50, 100, 5000):
        terms = dict(model.turns(batch_of(PEOPLE), step))["generator"]
        with torch.no_grad():
            data = batch_of(PEOPLE)
            weights.append(model._adversary_coefficient(step))
        assert terms.losses["adversary"].shape == (4,) and data.voices is not None
    assert weights[0] == 0 and weights == sorted(weights) and weights[-1] == weights[-2]
    assert weights[-1] == pytest.approx(0.2, rel=1e-3)
    assert make("adsm", adversary_coefficient=0.2, adversary_ramp_steps=0)._adversary_coefficient(
        0
    ) == pytest.approx(0.2, rel=1e-3)


def test_centres_move_only_for_people_of_the_batch_and_after_all_have_played() -> None:
    model = make("adsm")
    turns = model.turns(batch_of(PEOPLE), 0)
    next(turns), next(turns)
    assert not model.centres.centres_ID.any()
    assert next(turns, None) is None
    moved = model.centres.centres_ID.abs().sum(1) > 0
    assert torch.nonzero(moved).flatten().tolist() == [0, 3, 5, 7]


def test_centres_are_saved_with_the_model_and_nobody_moves_them_by_gradient() -> None:
    model = make("adsm")
    assert "centres.centres_ID" in model.state_dict()
    assert not any("centres" in name for name, _ in model.named_parameters())


def test_embeddings_are_on_the_unit_sphere() -> None:
    model = make("adsm").eval()
    assert torch.allclose(model.embed_voices(features("v", 5)).norm(dim=1), torch.ones(5))


def test_the_critic_is_as_good_as_a_coin_when_both_modalities_are_one_point() -> None:
    model = make("adsm").eval()
    point_BD = torch.ones(4, model.settings.width)
    for swapped in (False, True):
        loss_B = model._modality(point_BD, point_BD, swapped=swapped)
        assert (loss_B >= 2 * 0.6931).all()  # no answer to the same question is right for both
