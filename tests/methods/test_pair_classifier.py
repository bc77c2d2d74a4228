import pytest
import torch
from torch import nn
from torch.nn.functional import relu

from vfal.core.types import MODALITIES
from vfal.evaluation.bags import as_items
from vfal.nn import pair_head
from vfal.nn.pair_head import PairHead
from vfal.training.assessing import scorer_of

from .small_models import batch_of, features, make, terms_of, unmoved_by_media

PEOPLE = [4, 0, 7, 2, 9]


def test_the_head_is_one_hidden_layer_over_both_side_by_side() -> None:
    torch.manual_seed(0)
    head, voices_PD, faces_PD = PairHead(6, 10).double(), *torch.randn(2, 4, 6, dtype=torch.float64)
    hidden = nn.Linear(12, 10).double()
    with torch.no_grad():
        hidden.weight.copy_(torch.cat([head.of_voice.weight, head.of_face.weight], dim=1))
        hidden.bias.copy_(head.of_voice.bias)
    together = torch.cat([relu(voices_PD), relu(faces_PD)], dim=1)
    torch.testing.assert_close(head(voices_PD, faces_PD), head.output(relu(hidden(together)))[:, 0])


def test_it_begins_as_that_layer_would() -> None:
    torch.manual_seed(0)
    head, layer = PairHead(128, 256), nn.Linear(256, 256)
    for weight in (head.of_voice.weight, head.of_face.weight):
        assert abs(weight.std() / layer.weight.std() - 1) < 0.02
        assert weight.abs().max() <= 256**-0.5


def test_blocks_of_a_matrix_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    head, voices_ND, faces_MD = PairHead(6, 10), torch.randn(23, 6), torch.randn(7, 6)
    whole = head.matrix(voices_ND, faces_MD)
    monkeypatch.setattr(pair_head, "ELEMENTS_AT_ONCE", 2 * 70 + 5)  # two rows at once
    torch.testing.assert_close(head.matrix(voices_ND, faces_MD), whole)
    monkeypatch.setattr(pair_head, "ELEMENTS_AT_ONCE", 1)  # less than a row: a row at once
    torch.testing.assert_close(head.matrix(voices_ND, faces_MD), whole)
    assert whole[5, 3].item() == pytest.approx(head(voices_ND[5:6], faces_MD[3:4]).item(), abs=1e-5)


def test_nothing_larger_than_a_block_of_pairs_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_head, "ELEMENTS_AT_ONCE", 400)
    head, held = PairHead(6, 10), []
    head.output.register_forward_hook(lambda layer, given, out: held.append(given[0].numel()))
    head.matrix(torch.randn(50, 6), torch.randn(8, 6))
    assert max(held) <= 400 and sum(held) == 50 * 8 * 10


def test_an_empty_gallery_gives_an_empty_matrix() -> None:
    assert PairHead(6, 10).matrix(torch.randn(3, 6), torch.randn(0, 6)).shape == (3, 0)


def test_the_loss_is_read_from_the_logits_that_are_scored_with() -> None:
    method, batch = make("pair_classifier").eval(), batch_of(PEOPLE)
    assert batch.voices is not None and batch.faces is not None
    logits = method.score(method.embed_voices(batch.voices.inputs), method.embed_faces(batch.faces.inputs))
    right_B, wrong_B = logits.diagonal(), logits.roll(-1, 1).diagonal()
    expected_B = -0.5 * (right_B.sigmoid().log() + (1 - wrong_B.sigmoid()).log())
    torch.testing.assert_close(terms_of(method, batch).losses["same_person"], expected_B)


def test_voice_and_face_are_judged_together_not_one_by_one() -> None:
    """Were the score a sum of one number per voice and one per face, this difference would be 0."""
    method = make("pair_classifier").eval()
    scores = method.score(method.embed_voices(features("v", 6)), method.embed_faces(features("f", 6)))
    joint = scores[0, 0] - scores[0, 1] - scores[1, 0] + scores[1, 1]
    assert abs(joint.item()) > 1e-4


def test_the_length_of_an_embedding_does_not_matter_so_that_means_can_be_judged() -> None:
    method = make("pair_classifier").eval()
    voices_ND, faces_MD = method.embed_voices(features("v", 4)), method.embed_faces(features("f", 4))
    torch.testing.assert_close(method.score(5 * voices_ND, 0.1 * faces_MD), method.score(voices_ND, faces_MD))
    as_published = make("pair_classifier", normalise=False).eval()
    assert not torch.allclose(
        as_published.score(5 * voices_ND, faces_MD), as_published.score(voices_ND, faces_MD)
    )


def test_means_of_several_items_which_come_in_double_precision_are_scored_like_items() -> None:
    method = make("pair_classifier").eval()
    scorer = scorer_of(method)
    with torch.no_grad():
        voices_ND, faces_MD = (
            method.embed_voices(features("v", 4)),
            method.embed_faces(features("f", 4)),
        )
        expected = method.score(voices_ND, faces_MD).double()
    given = [
        scorer.prepare(as_items(embeddings.double().numpy(), modality))
        for embeddings, modality in ((voices_ND, MODALITIES[0]), (faces_MD, MODALITIES[1]))
    ]
    torch.testing.assert_close(torch.from_numpy(scorer.matrix(*given)), expected)
    torch.testing.assert_close(torch.from_numpy(scorer.pairs(*given)), expected.diagonal())


def test_it_learns_from_recordings_and_pictures() -> None:
    assert unmoved_by_media("pair_classifier") == []
