from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vfal.core.config.shelf_models import ordered
from vfal.data.batches import Batch

from ..tiny_params import tiny_params
from .small_models import batch_of, losses_of, make, unmoved_by_media

INPUTS = {"voice": 6, "face": 7}
IDENTITY_B = torch.tensor([3, 0, 5, 1, 4])


def made(**changes: Any) -> Any:
    return make("lafv", inputs=INPUTS, **changes)


def batch(identity_B: Tensor = IDENTITY_B) -> Batch:
    return batch_of(identity_B.tolist(), inputs=INPUTS)


def test_a_triplet_is_the_reference_its_own_item_and_the_next_persons() -> None:
    method, given = made(reference="voice"), batch()
    assert given.voices is not None and given.faces is not None
    voices_BD = method.embed_voices(given.voices.inputs)
    faces_BD = method.embed_faces(given.faces.inputs)
    own_B = (voices_BD - faces_BD).norm(dim=1)
    other_B = (voices_BD - faces_BD.roll(1, 0)).norm(dim=1)
    share_B = own_B.exp() / (own_B.exp() + other_B.exp())
    torch.testing.assert_close(losses_of(method, given)["ratio_voice"], 2 * share_B**2)


def test_the_papers_two_models_are_one_per_reference_and_ours_is_their_mean() -> None:
    given = batch()
    assert {*losses_of(made(reference="voice"), given)} == {"ratio_voice"}
    assert {*losses_of(made(reference="face"), given)} == {"ratio_face"}
    both = losses_of(made(reference="both"), given)
    for name in ("voice", "face"):
        alone = losses_of(made(reference=name), given)[f"ratio_{name}"]
        torch.testing.assert_close(2 * both[f"ratio_{name}"], alone)


def test_the_loss_of_an_untrained_network_is_about_one_half() -> None:
    loss_B = losses_of(made(reference="voice", power=2), batch())["ratio_voice"]
    assert loss_B.mean().item() == pytest.approx(0.5, abs=0.05)


def test_nobody_is_their_own_negative_when_people_come_twice() -> None:
    identity_B = torch.tensor([3, 3, 5, 5, 4])
    method, given = made(reference="voice"), batch(identity_B)
    before = losses_of(method, given)["ratio_voice"][1].detach()
    assert given.faces is not None
    given.faces.inputs[0] += 5.0  # the other face of the second row's person
    torch.testing.assert_close(losses_of(method, given)["ratio_voice"][1].detach(), before)


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
    assert unmoved_by_media("lafv", widths={"voice": 12, "face": 10}) == []
