from typing import Any

import pytest
import torch

from vfal.data.batches import Batch
from vfal.losses.hardest_negative import hardest_negative_ranking

from .small_models import batch_of, losses_of, make, unmoved_by_media

INPUTS = {"voice": 6, "face": 7}
IDENTITY_B = torch.tensor([3, 0, 5, 1, 4])
VFAL_EVA = {"direction": "voice", "separation_weight": 0.0, "identity_weight": 0.0, "centre_weight": 0.0}


def made(**changes: Any) -> Any:
    return make("joint_embeddings", inputs=INPUTS, **changes)


def batch() -> Batch:
    return batch_of(IDENTITY_B.tolist(), inputs=INPUTS)


def test_the_three_constraints_of_the_paper_are_there() -> None:
    assert {*losses_of(made(), batch())} == {
        "ranking_voice",
        "ranking_face",
        "identity_voice",
        "identity_face",
        "centre",
    }


def test_directions_can_take_turns() -> None:
    method = made(direction="alternate")
    names = [
        sorted(name for name in losses_of(method, batch(), step) if "ranking" in name) for step in range(4)
    ]
    assert names == [["ranking_voice"], ["ranking_face"]] * 2


def test_the_benchmark_repositorys_form_is_the_ranking_of_voices_among_faces_alone() -> None:
    method, given = made(**VFAL_EVA), batch()
    assert given.voices is not None and given.faces is not None
    found = losses_of(method, given)
    expected_B = hardest_negative_ranking(
        method.embed_voices(given.voices.inputs),
        method.embed_faces(given.faces.inputs),
        IDENTITY_B,
        margin=0.6,
        separation_margin=0.2,
        separation_weight=0.0,
    )
    assert [*found] == ["ranking_voice"]
    torch.testing.assert_close(found["ranking_voice"], expected_B)
    assert not [name for name in method.state_dict() if name.startswith(("classifier", "centres"))]


def test_ranking_alone_rests_where_everybody_is_at_one_point() -> None:
    """There the loss is the margin; the identity constraint is what leads away."""
    method = made(**VFAL_EVA)
    with torch.no_grad():
        for tail in method.tails.tails:
            tail[2].weight.zero_()
            tail[2].bias.fill_(1.0)
    assert losses_of(method, batch())["ranking_voice"].tolist() == pytest.approx([0.6] * 5)


def test_both_modalities_share_centres_that_follow_at_half_the_step() -> None:
    method, given = made(), batch()
    assert given.voices is not None and given.faces is not None
    voices_BD = method.embed_voices(given.voices.inputs).detach()
    faces_BD = method.embed_faces(given.faces.inputs).detach()
    found = losses_of(method, given)["centre"]
    torch.testing.assert_close(found, torch.full((5,), 0.01))  # half and half of a unit vector's length
    expected = torch.zeros_like(method.centres.centres_ID)
    expected[IDENTITY_B] = 0.5 * (voices_BD + faces_BD) / (1 + 2)
    torch.testing.assert_close(method.centres.centres_ID, expected)
    assert losses_of(method, given)["centre"].sum() < found.sum()


def test_one_classifier_judges_both_modalities() -> None:
    method, given = made(), batch()
    assert given.voices is not None
    logits_BI = method.classifier(method.embed_voices(given.voices.inputs))
    expected_B = torch.logsumexp(logits_BI, 1) - logits_BI[torch.arange(5), IDENTITY_B]
    torch.testing.assert_close(losses_of(method, given)["identity_voice"], expected_B)
    assert sum("classifier" in name for name in method.state_dict()) == 1


def test_embeddings_are_unit_vectors() -> None:
    method = made().eval()
    torch.testing.assert_close(method.embed_faces(torch.randn(4, 7)).norm(dim=1), torch.ones(4))


@pytest.mark.parametrize("changes", [{}, VFAL_EVA, {"shared_tail": False}])
def test_it_trains_on_recordings_and_pictures_too(changes: dict[str, Any]) -> None:
    assert unmoved_by_media("joint_embeddings", **changes) == []
