import pytest
import torch

from .small_models import batch_of, make, terms_of, unmoved_by_media

PEOPLE = [4, 0, 7, 2, 9]


def test_the_loss_is_read_from_the_cosine_that_is_scored_with() -> None:
    method, batch = make("vfnet").eval(), batch_of(PEOPLE)
    assert batch.voices is not None and batch.faces is not None
    scores = method.score(method.embed_voices(batch.voices.inputs), method.embed_faces(batch.faces.inputs))
    right_B, wrong_B = scores.diagonal(), scores.roll(-1, 1).diagonal()
    chance = lambda s: s.exp() / (s.exp() + (1 - s).exp())  # noqa: E731 - the paper's form
    expected_B = -0.5 * (chance(right_B).log() + (1 - chance(wrong_B)).log())
    torch.testing.assert_close(terms_of(method, batch).losses["same_person"], expected_B)


def test_a_larger_scale_makes_a_sure_right_decision_cheaper() -> None:
    def cost_of_certainty(scale: float) -> float:
        return torch.nn.functional.softplus(torch.tensor(-scale / 2)).item()

    assert cost_of_certainty(2.0) == pytest.approx(0.3133, abs=1e-4)
    assert cost_of_certainty(10.0) < 0.01


def test_each_modality_has_one_layer_of_its_own_on_its_encoder() -> None:
    method = make("vfnet")
    own = {name.split(".")[0] for name, _ in method.named_parameters()} - {"voice", "face"}
    assert own == {"voice_layer", "face_layer"}


def test_it_learns_from_recordings_and_pictures() -> None:
    assert unmoved_by_media("vfnet") == []
