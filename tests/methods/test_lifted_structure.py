import torch

from vfal.core.config.shelf_models import ordered
from vfal.data.batches import Bag, Batch
from vfal.losses.lifted_structure import lifted_structure
from vfal.method import Crowd
from vfal.methods.lifted_structure import LiftedStructure
from vfal.nn.catalogue import make_encoder

from ..tiny_params import tiny_params


def made(*, raw: bool = False) -> LiftedStructure:
    torch.manual_seed(1)
    settings = ordered(tiny_params(), "lifted_structure").settings
    if raw:
        voice = make_encoder("small_voice", "voice", channels=4, width=12)
        face = make_encoder("small_face", "face", channels=2, width=12)
    else:
        voice = make_encoder("feature_mlp", "voice", inputs=6, width=8, dropout=0.0)
        face = make_encoder("feature_mlp", "face", inputs=7, width=8, dropout=0.0)
    return LiftedStructure(voice, face, crowd=Crowd(6), settings=settings)


def test_the_mean_of_items_is_the_published_mean_over_positive_pairs() -> None:
    method, identity_B = made(), torch.tensor([3, 0, 5, 5, 4])
    voices, faces = torch.randn(5, 6), torch.randn(5, 7)
    terms = next(method.turns(Batch(Bag(voices, identity_B), Bag(faces, identity_B)), 0))[1]
    whole_N = lifted_structure(
        torch.cat([method.embed_voices(voices), method.embed_faces(faces)]),
        identity_B.repeat(2),
        negative_margin=1.0,
        positive_margin=0.0,
    )
    assert [*terms.losses] == ["lifted_structure"] and len(terms.losses["lifted_structure"]) == 5
    torch.testing.assert_close(terms.losses["lifted_structure"].mean(), whole_N.mean())


def test_gradients_are_clipped_as_published() -> None:
    assert ordered(tiny_params(), "lifted_structure").recipe.optimiser.gradient_clip_norm == 1.0


def test_it_trains_on_recordings_and_pictures_too() -> None:
    method, identity_B = made(raw=True).train(), torch.tensor([3, 0, 5])
    given = Batch(
        Bag(1000 * torch.randn(3, 8000), identity_B), Bag(torch.rand(3, 3, 32, 32) * 2 - 1, identity_B)
    )
    next(method.turns(given, 0))[1].losses["lifted_structure"].mean().backward()
    assert all(parameter.grad is not None for parameter in method.parameters())
