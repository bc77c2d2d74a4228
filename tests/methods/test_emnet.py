import pytest
import torch

from vfal.core.config.params import check
from vfal.core.errors import ConfigError

from ..tiny_params import raw_params
from .small_models import batch_of, make, terms_of, unmoved_by_media

PEOPLE = [4, 0, 7, 2, 9, 1, 5, 3, 6, 8, 14, 10]


def candidates_seen(monkeypatch: pytest.MonkeyPatch, people: list[int]) -> set[int]:
    """Numbers of candidates, the match included, in sixty steps."""
    from vfal.methods import emnet

    seen, draw = [], emnet.rolled_places

    def watched(items: int, mismatches: int) -> torch.Tensor:
        seen.append(mismatches + 1)
        return draw(items, mismatches)

    monkeypatch.setattr(emnet, "rolled_places", watched)
    method, batch = make("emnet"), batch_of(people)
    for step in range(60):
        terms_of(method, batch, step)
    return set(seen)


def test_the_number_of_candidates_changes_from_step_to_step(monkeypatch: pytest.MonkeyPatch) -> None:
    assert candidates_seen(monkeypatch, PEOPLE) == set(range(2, 11))


def test_a_small_batch_has_no_more_candidates_than_people(monkeypatch: pytest.MonkeyPatch) -> None:
    assert candidates_seen(monkeypatch, PEOPLE[:4]) == {2, 3, 4}


def test_the_draw_is_a_function_of_the_seed_of_the_step() -> None:
    method, batch, losses = make("emnet").eval(), batch_of(PEOPLE), []
    for _ in range(2):
        torch.manual_seed(11)
        losses.append(terms_of(method, batch).losses["elastic_voice"])
    assert torch.equal(*losses)


def test_voices_and_faces_ask_in_turn_and_one_side_can_be_chosen() -> None:
    batch = batch_of(PEOPLE)
    assert sorted(terms_of(make("emnet"), batch).losses) == ["elastic_face", "elastic_voice"]
    assert list(terms_of(make("emnet", probe="voice"), batch).losses) == ["elastic_voice"]


def test_items_of_the_probes_person_are_no_mismatches() -> None:
    terms = terms_of(make("emnet").eval(), batch_of([3] * 6))
    assert all(loss_B.abs().max() == 0 for loss_B in terms.losses.values())


def test_scores_are_minus_the_distance() -> None:
    method = make("emnet")
    voices_ND, faces_MD = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, 1.0]])
    assert method.score(voices_ND, faces_MD).tolist() == [[-5.0, -1.0]]


def test_the_embedding_has_length_one_only_when_asked_for() -> None:
    batch = batch_of(PEOPLE)
    assert batch.voices is not None
    long_B = make("emnet").embed_voices(batch.voices.inputs).norm(dim=1)
    unit_B = make("emnet", normalise=True).embed_voices(batch.voices.inputs).norm(dim=1)
    assert unit_B.tolist() == pytest.approx([1.0] * len(PEOPLE), abs=1e-6)
    assert (long_B - 1).abs().max() > 1e-3


def test_more_least_than_most_candidates_are_refused() -> None:
    with pytest.raises(ConfigError, match="least_candidates"):
        check(raw_params(methods__emnet__least_candidates=11))


def test_it_learns_from_recordings_and_pictures() -> None:
    assert unmoved_by_media("emnet") == []
