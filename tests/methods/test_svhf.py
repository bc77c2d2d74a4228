"""Claims of SVHF in small, and what a method that compares candidates is asked."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vfal.core.errors import ConfigError
from vfal.core.types import DIRECTIONS, Direction
from vfal.evaluation.embeddings import Items
from vfal.evaluation.scoring import Prepared
from vfal.nn.choosers import FirstIsRight, PairwiseMaximum, PlaceChooser, SideBySide
from vfal.nn.matching_tuples import OneOfTwo, in_random_order, with_others
from vfal.protocols.matching import _asked
from vfal.training.assessing import MethodComparer, scorer_of
from vfal.training.examining import asks_for

from .small_models import batch_of, make, terms_of


def prepared(model: nn.Module) -> Prepared:
    rng = np.random.default_rng(1)
    sides = [
        Items(
            modality,
            np.arange(30),
            np.arange(30).astype(object),
            rng.normal(size=(30, 16)).astype(np.float32),
        )
        for modality in ("voice", "face")
    ]
    return Prepared(scorer_of(model), *sides)  # type: ignore[arg-type]


def test_nothing_but_matching_is_asked_of_it() -> None:
    model = make("svhf")
    asked = {
        name for name in ("matching", "verification", "retrieval", "joint_matching") if asks_for(name, model)
    }
    assert asked == {"matching"}
    with pytest.raises(ConfigError, match="gives no score to a single pair"):
        model.score(torch.zeros(1, 16), torch.zeros(1, 16))


@pytest.mark.parametrize("model", ["svhf", "svhf_1_of_5", "svhf_vftc"])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_no_answer_depends_on_where_the_right_candidate_stands(model: str, direction: Direction) -> None:
    asked = make(model).eval()
    probes_TD, candidates_TKD = torch.randn(20, 16), torch.randn(20, 4, 16)
    scores_TK = asked.choose(probes_TD, candidates_TKD, direction)
    order = [2, 0, 3, 1]
    torch.testing.assert_close(
        asked.choose(probes_TD, candidates_TKD[:, order], direction), scores_TK[:, order]
    )


def test_a_candidates_score_depends_on_its_rivals() -> None:
    asked = make("svhf").eval()
    probes_TD, candidates_TKD = torch.randn(20, 16), torch.randn(20, 3, 16)
    with_third = asked.choose(probes_TD, candidates_TKD, "v2f")[:, :2]
    without = asked.choose(probes_TD, candidates_TKD[:, :2], "v2f")
    assert not torch.allclose(with_third, without, atol=1e-3)


def test_of_two_the_score_is_the_mean_log_odds_of_both_orders() -> None:
    asked = make("svhf").eval()
    chooser = asked.choosers["v2f"]
    probes_TD, pair_T2D = torch.randn(7, 16), torch.randn(7, 2, 16)
    shown_T2 = torch.arange(14).reshape(7, 2)
    one, other = (chooser(probes_TD, pair_T2D.flatten(0, 1), shown) for shown in (shown_T2, shown_T2.flip(1)))
    lead_T = 0.5 * (one[:, 0] - one[:, 1]) + 0.5 * (other[:, 1] - other[:, 0])
    scores_T2 = asked.choose(probes_TD, pair_T2D, "v2f")
    torch.testing.assert_close(scores_T2, torch.stack([lead_T, -lead_T], dim=1))


@pytest.mark.parametrize("model", ["svhf", "svhf_1_of_5", "svhf_vftc"])
def test_what_is_taken_apart_equals_a_layer_on_vectors_side_by_side(model: str) -> None:
    chooser = make(model).eval().choosers["f2v"]
    candidates = make(model).settings.candidates
    probes_BD, candidates_MD = torch.randn(6, 16), torch.randn(9, 16)
    shown_BK = torch.rand(6, 9).argsort(dim=1)[:, :candidates]
    logits_BK = chooser(probes_BD, candidates_MD, shown_BK)
    for probe_D, rows_K, logits_K in zip(probes_BD, shown_BK, logits_BK, strict=True):
        faces_KD = candidates_MD[rows_K]
        if isinstance(chooser, PlaceChooser):
            plain_K = chooser.layers(linear_of(chooser, [probe_D, *faces_KD])[None])[0]
        else:
            hidden = [linear_of(chooser, [probe_D, face_D, faces_KD.mean(dim=0)]) for face_D in faces_KD]
            plain_K = chooser.layers(torch.stack(hidden))[:, 0]
        torch.testing.assert_close(logits_K, plain_K, rtol=1e-4, atol=1e-5)


def linear_of(chooser: nn.Module, vectors: list[Tensor]) -> Tensor:
    return nn.functional.linear(torch.cat(vectors), chooser.first.weight, chooser.first.bias)


def test_more_than_two_meet_each_other_in_turn() -> None:
    taller = SideBySide(1, 2)  # logits that say which candidate is larger, whatever the probe
    with torch.no_grad():
        taller.weight.copy_(torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
        taller.bias.zero_()
    heights = torch.tensor([[[1.0], [4.0], [2.0]]])
    scores = PlaceChooser(taller, nn.Identity()).scores(torch.zeros(1, 1), heights)
    assert scores.tolist() == [
        [-2.0, 2.5, -0.5]
    ]  # mean leads: ((1-4)+(1-2))/2, ((4-1)+(4-2))/2, ((2-1)+(2-4))/2


def test_an_untrained_question_costs_the_log_of_its_candidates() -> None:
    for model, candidates in (("svhf", 2), ("svhf_1_of_5", 5)):
        asked = make(model)
        with torch.no_grad():
            for one in asked.choosers.parameters():
                one.zero_()
        terms = terms_of(asked, batch_of([*range(8)]))
        total_B = sum(terms.losses.values(), start=torch.zeros(()))
        assert total_B.tolist() == pytest.approx([np.log(candidates)] * 8, rel=1e-5)


def test_right_places_are_random_and_wrong_candidates_of_other_people() -> None:
    torch.manual_seed(1)
    identity_B = torch.arange(400) // 2
    rows_BK = with_others(identity_B, 5)
    assert (rows_BK[:, 0] == torch.arange(400)).all()
    assert (identity_B[rows_BK[:, 1:]] != identity_B[:, None]).all()
    assert all(len(set(row)) == 5 for row in rows_BK.tolist())
    shown_BK, place_B = in_random_order(rows_BK)
    assert (shown_BK.gather(1, place_B[:, None])[:, 0] == torch.arange(400)).all()
    assert torch.bincount(place_B, minlength=5).min() > 50
    pair = OneOfTwo.drawn("face", identity_B)
    items = {"voice": identity_B[:, None].float(), "face": identity_B[:, None].float()}
    probes_BD, right_BD, wrong_BD = pair.parts(items)
    assert (probes_BD == right_BD).all() and (wrong_BD != probes_BD).all()
    shown = pair.side_by_side(items)[:, 1:]
    assert (shown.gather(1, pair.place_B[:, None]) == right_BD).all()


def test_more_candidates_than_people_are_refused() -> None:
    with pytest.raises(
        ValueError, match="questions of 4 candidates: a batch with only 2 rows of other people"
    ):
        with_others(torch.tensor([0, 1, 2]), 4)
    with pytest.raises(ConfigError, match="form places chooses between 2 candidates, found candidates: 3"):
        make("svhf", candidates=3)


def test_the_small_network_is_binary_cross_entropy_on_the_first_being_right() -> None:
    logit_B1 = torch.tensor([[0.3], [-2.0]])
    logits_B2 = FirstIsRight()(logit_B1)
    plain = nn.functional.cross_entropy(logits_B2, torch.tensor([0, 1]), reduction="none")
    binary = nn.functional.binary_cross_entropy_with_logits(
        logit_B1[:, 0], torch.tensor([1.0, 0.0]), reduction="none"
    )
    torch.testing.assert_close(plain, binary)
    assert PairwiseMaximum()(torch.tensor([[1.0, 5.0, 3.0, 2.0]])).tolist() == [[5.0, 3.0]]


def test_matching_asks_for_every_size_anew_and_of_pair_scores_once() -> None:
    rng = np.random.default_rng(2)
    probes_T, gallery_TK = rng.integers(0, 30, 12), rng.integers(0, 30, (12, 4))
    ready = prepared(make("svhf").eval())
    assert isinstance(ready.scorer, MethodComparer)
    for direction in DIRECTIONS:
        scores = _asked(ready, direction, probes_T, gallery_TK, sizes=(2, 3, 4))
        assert {size: found.shape for size, found in scores.items()} == {2: (12, 2), 3: (12, 3), 4: (12, 4)}
        one = ready.candidates(direction, probes_T[:1], gallery_TK[:1, :3])
        np.testing.assert_allclose(scores[3][:1], one, rtol=1e-5)
        assert not np.allclose(scores[2], scores[3][:, :2])
    plain = _asked(prepared(make("fvcme")), "v2f", probes_T, gallery_TK, sizes=(3,))
    np.testing.assert_array_equal(plain[2], plain[3][:, :2])


def test_many_trials_are_asked_in_parts() -> None:
    rng = np.random.default_rng(3)
    probes_T, gallery_TK = rng.integers(0, 30, 3000), rng.integers(0, 30, (3000, 2))
    ready = prepared(make("svhf").eval())
    scores_T2 = ready.candidates("f2v", probes_T, gallery_TK)
    np.testing.assert_allclose(
        scores_T2[-1:], ready.candidates("f2v", probes_T[-1:], gallery_TK[-1:]), rtol=1e-5
    )
