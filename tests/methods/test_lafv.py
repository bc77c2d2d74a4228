from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vfal.core.config.shelf_models import ordered
from vfal.data.batches import Bag, Batch
from vfal.method import Crowd
from vfal.methods.lafv import LearningAssociationsOfFacesAndVoices
from vfal.nn.catalogue import make_encoder

from ..tiny_params import tiny_params

IDENTITY_B = torch.tensor([3, 0, 5, 1, 4])


def made(*, raw: bool = False, **changes: Any) -> LearningAssociationsOfFacesAndVoices:
    torch.manual_seed(1)
    settings = ordered(tiny_params(), "lafv").settings.model_copy(update=changes)
    if raw:
        voice = make_encoder("small_voice", "voice", channels=4, width=12)
        face = make_encoder("small_face", "face", channels=2, width=10)
    else:
        voice = make_encoder("feature_mlp", "voice", inputs=6, width=8, dropout=0.0)
        face = make_encoder("feature_mlp", "face", inputs=7, width=8, dropout=0.0)
    return LearningAssociationsOfFacesAndVoices(voice, face, crowd=Crowd(6), settings=settings)


def batch(identity_B: Tensor = IDENTITY_B) -> Batch:
    torch.manual_seed(2)
    return Batch(
        Bag(torch.randn(len(identity_B), 6), identity_B), Bag(torch.randn(len(identity_B), 7), identity_B)
    )


def losses(method: LearningAssociationsOfFacesAndVoices, given: Batch) -> dict[str, Tensor]:
    return dict(next(method.turns(given, 0))[1].losses)


def test_a_triplet_is_the_reference_its_own_item_and_the_next_persons() -> None:
    method, given = made(reference="voice"), batch()
    assert given.voices is not None and given.faces is not None
    voices_BD = method.embed_voices(given.voices.inputs)
    faces_BD = method.embed_faces(given.faces.inputs)
    own_B = (voices_BD - faces_BD).norm(dim=1)
    other_B = (voices_BD - faces_BD.roll(1, 0)).norm(dim=1)
    share_B = own_B.exp() / (own_B.exp() + other_B.exp())
    torch.testing.assert_close(losses(method, given)["ratio_voice"], 2 * share_B**2)


def test_the_papers_two_models_are_one_per_reference_and_ours_is_their_mean() -> None:
    given = batch()
    assert {*losses(made(reference="voice"), given)} == {"ratio_voice"}
    assert {*losses(made(reference="face"), given)} == {"ratio_face"}
    both = losses(made(reference="both"), given)
    for name in ("voice", "face"):
        alone = losses(made(reference=name), given)[f"ratio_{name}"]
        torch.testing.assert_close(2 * both[f"ratio_{name}"], alone)


def test_the_loss_of_an_untrained_network_is_about_one_half() -> None:
    loss_B = losses(made(reference="voice", power=2), batch())["ratio_voice"]
    assert loss_B.mean().item() == pytest.approx(0.5, abs=0.05)


def test_nobody_is_their_own_negative_when_people_come_twice() -> None:
    identity_B = torch.tensor([3, 3, 5, 5, 4])
    method, given = made(reference="voice"), batch(identity_B)
    before = losses(method, given)["ratio_voice"][1].detach()
    assert given.faces is not None
    given.faces.inputs[0] += 5.0  # the other face of the second row's person
    torch.testing.assert_close(losses(method, given)["ratio_voice"][1].detach(), before)


def test_scores_are_minus_the_distance_of_embeddings_as_they_are() -> None:
    method = made().eval()
    voices_ND, faces_MD = torch.randn(3, 8), torch.randn(4, 8)
    expected = [[-(voice - face).norm().item() for face in faces_MD] for voice in voices_ND]
    torch.testing.assert_close(method.score(voices_ND, faces_MD), torch.tensor(expected))


def test_both_networks_end_in_two_layers_of_the_published_size() -> None:
    settings = ordered(tiny_params(), "lafv").settings
    layers = [layer for layer in made(**settings.model_dump()).voice_head if isinstance(layer, nn.Linear)]
    assert [layer.out_features for layer in layers] == [128, 128]


def test_it_trains_on_recordings_and_pictures_too() -> None:
    method = made(raw=True).train()
    given = Batch(
        Bag(1000 * torch.randn(5, 8000), IDENTITY_B), Bag(torch.rand(5, 3, 32, 32) * 2 - 1, IDENTITY_B)
    )
    torch.stack([loss_B.mean() for loss_B in losses(method, given).values()]).sum().backward()
    assert all(parameter.grad is not None for parameter in method.parameters())
