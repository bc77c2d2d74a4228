import torch

from vfal.core.config.shelf_models import ordered
from vfal.losses.lifted_structure import lifted_structure

from ..tiny_params import tiny_params
from .small_models import batch_of, make, terms_of, unmoved_by_media


def test_the_mean_of_items_is_the_published_mean_over_positive_pairs() -> None:
    method, batch = make("lifted_structure"), batch_of([3, 0, 5, 5, 4])
    assert batch.voices is not None and batch.faces is not None
    terms = terms_of(method, batch)
    whole_N = lifted_structure(
        torch.cat([method.embed_voices(batch.voices.inputs), method.embed_faces(batch.faces.inputs)]),
        batch.voices.identity_B.repeat(2),
        negative_margin=1.0,
        positive_margin=0.0,
    )
    assert [*terms.losses] == ["lifted_structure"] and len(terms.losses["lifted_structure"]) == 5
    torch.testing.assert_close(terms.losses["lifted_structure"].mean(), whole_N.mean())


def test_gradients_are_clipped_as_published() -> None:
    assert ordered(tiny_params(), "lifted_structure").recipe.optimiser.gradient_clip_norm == 1.0


def test_it_trains_on_recordings_and_pictures_too() -> None:
    assert unmoved_by_media("lifted_structure") == []
