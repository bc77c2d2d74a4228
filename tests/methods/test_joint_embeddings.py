from typing import Any

import pytest
import torch
from torch import Tensor

from vfal.core.config.shelf_models import ordered
from vfal.data.batches import Bag, Batch
from vfal.losses.hardest_negative import hardest_negative_ranking
from vfal.method import Crowd
from vfal.methods.joint_embeddings import JointEmbeddings
from vfal.nn.catalogue import make_encoder

from ..tiny_params import tiny_params

IDENTITY_B = torch.tensor([3, 0, 5, 1, 4])
VFAL_EVA = {"direction": "voice", "separation_weight": 0.0, "identity_weight": 0.0, "centre_weight": 0.0}


def made(*, raw: bool = False, **changes: Any) -> JointEmbeddings:
    torch.manual_seed(1)
    settings = ordered(tiny_params(), "joint_embeddings").settings.model_copy(update=changes)
    if raw:
        voice = make_encoder("small_voice", "voice", channels=4, width=12)
        face = make_encoder("small_face", "face", channels=2, width=12)
    else:
        voice = make_encoder("feature_mlp", "voice", inputs=6, width=8, dropout=0.0)
        face = make_encoder("feature_mlp", "face", inputs=7, width=8, dropout=0.0)
    return JointEmbeddings(voice, face, crowd=Crowd(6), settings=settings)


def batch(*, raw: bool = False) -> Batch:
    torch.manual_seed(2)
    voices = 1000 * torch.randn(5, 8000) if raw else torch.randn(5, 6)
    faces = torch.rand(5, 3, 32, 32) * 2 - 1 if raw else torch.randn(5, 7)
    return Batch(Bag(voices, IDENTITY_B), Bag(faces, IDENTITY_B))


def losses(method: JointEmbeddings, given: Batch, step: int = 0) -> dict[str, Tensor]:
    return dict(next(method.turns(given, step))[1].losses)


def test_the_three_constraints_of_the_paper_are_there() -> None:
    assert {*losses(made(), batch())} == {
        "ranking_voice",
        "ranking_face",
        "identity_voice",
        "identity_face",
        "centre",
    }


def test_directions_can_take_turns() -> None:
    method = made(direction="alternate")
    names = [sorted(name for name in losses(method, batch(), step) if "ranking" in name) for step in range(4)]
    assert names == [["ranking_voice"], ["ranking_face"]] * 2


def test_the_benchmark_repositorys_form_is_the_ranking_of_voices_among_faces_alone() -> None:
    method, given = made(**VFAL_EVA), batch()
    assert given.voices is not None and given.faces is not None
    found = losses(method, given)
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
    assert losses(method, batch())["ranking_voice"].tolist() == pytest.approx([0.6] * 5)


def test_both_modalities_share_centres_that_follow_at_half_the_step() -> None:
    method, given = made(), batch()
    assert given.voices is not None and given.faces is not None
    voices_BD = method.embed_voices(given.voices.inputs).detach()
    faces_BD = method.embed_faces(given.faces.inputs).detach()
    found = losses(method, given)["centre"]
    torch.testing.assert_close(found, torch.full((5,), 0.01))  # half and half of a unit vector's length
    expected = torch.zeros_like(method.centres.centres_ID)
    expected[IDENTITY_B] = 0.5 * (voices_BD + faces_BD) / (1 + 2)
    torch.testing.assert_close(method.centres.centres_ID, expected)
    assert losses(method, given)["centre"].sum() < found.sum()


def test_one_classifier_judges_both_modalities() -> None:
    method, given = made(), batch()
    assert given.voices is not None
    logits_BI = method.classifier(method.embed_voices(given.voices.inputs))
    expected_B = torch.logsumexp(logits_BI, 1) - logits_BI[torch.arange(5), IDENTITY_B]
    torch.testing.assert_close(losses(method, given)["identity_voice"], expected_B)
    assert sum("classifier" in name for name in method.state_dict()) == 1


def test_embeddings_are_unit_vectors() -> None:
    method = made().eval()
    torch.testing.assert_close(method.embed_faces(torch.randn(4, 7)).norm(dim=1), torch.ones(4))


@pytest.mark.parametrize("changes", [{}, VFAL_EVA, {"shared_tail": False}])
def test_it_trains_on_recordings_and_pictures_too(changes: dict[str, Any]) -> None:
    method = made(raw=True, **changes).train()
    found = losses(method, batch(raw=True))
    torch.stack([loss_B.mean() for loss_B in found.values()]).sum().backward()
    assert all(parameter.grad is not None for parameter in method.parameters())
