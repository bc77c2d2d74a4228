import math

import pytest
from torch import Tensor

from vfal.core.config.shelf_models import ordered
from vfal.method import Method

from ..tiny_params import tiny_params
from .small_models import batch_of, make, terms_of, unmoved_by_media

PAIRS = [4, 4, 0, 0, 7, 7, 2, 2]


def published(first_ID: Tensor, second_ID: Tensor, offset: float) -> float:
    """Both sides of the contrast over one item of each person, written item by item."""
    sides = []
    for anchors, candidates in ((first_ID, second_ID), (second_ID, first_ID)):
        units, losses = candidates / candidates.norm(dim=1, keepdim=True), []
        for i, anchor in enumerate(anchors):
            excess = [float(anchor @ (units[j] - units[i])) / 0.5 for j in range(len(units)) if j != i]
            losses.append(math.log(offset + sum(math.exp(value) for value in excess)))
        sides.append(sum(losses) / len(losses))
    return sum(sides) / 2


def embedded(method: Method) -> tuple[Tensor, Tensor]:
    batch = batch_of(PAIRS)
    assert batch.voices is not None and batch.faces is not None
    voices_BD, faces_BD = method.embed_voices(batch.voices.inputs), method.embed_faces(batch.faces.inputs)
    return voices_BD.detach().double(), faces_BD.detach().double()


def test_a_batch_holds_two_items_of_each_person() -> None:
    recipe = ordered(tiny_params(), "archetype_agnostic").recipe
    assert recipe.views == 2


def test_cross_modal_loss_is_the_published_one_on_first_items_and_on_second_ones() -> None:
    method = make("archetype_agnostic").eval()
    voices_BD, faces_BD = embedded(method)
    found_B = terms_of(method, batch_of(PAIRS)).losses["cross"]
    for view in (0, 1):
        expected = published(voices_BD[view::2], faces_BD[view::2], 5.4)
        assert found_B[view::2].mean().item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("modality", ["voice", "face"])
def test_intra_modal_loss_is_the_published_one_between_first_and_second_items(modality: str) -> None:
    method = make("archetype_agnostic").eval()
    items_BD = dict(zip(("voice", "face"), embedded(method), strict=True))[modality]
    found_B = terms_of(method, batch_of(PAIRS)).losses[f"intra_{modality}"]
    expected = published(items_BD[0::2], items_BD[1::2], 6.0)
    assert found_B.mean().item() == pytest.approx(expected, rel=1e-5)


def test_who_has_one_item_in_the_batch_has_no_intra_modal_loss() -> None:
    terms = terms_of(make("archetype_agnostic"), batch_of([4, 4, 0, 7]))
    for modality in ("voice", "face"):
        loss_B = terms.losses[f"intra_{modality}"]
        assert bool((loss_B[:2] > 0).all()) and loss_B[2:].tolist() == [0.0, 0.0]
    assert bool((terms.losses["cross"] > 0).all())


def test_there_is_no_classifier() -> None:
    shapes = [tuple(parameter.shape) for parameter in make("archetype_agnostic").parameters()]
    assert all(10 not in shape for shape in shapes)


def test_regauging_is_off_unless_asked_for_and_starts_at_its_step() -> None:
    batch = batch_of(PAIRS)
    assert not any("regauging" in name for name in terms_of(make("archetype_agnostic"), batch, 10_000).losses)
    method = make("archetype_agnostic_regauged", regauging_after=50)
    assert not any("regauging" in name for name in terms_of(method, batch, 49).losses)
    names = [name for name in terms_of(method, batch, 50).losses if "regauging" in name]
    assert names == ["regauging_cross", "regauging_intra_voice", "regauging_intra_face"]


def test_without_intra_modal_losses_only_the_cross_modal_one_pulls() -> None:
    terms = terms_of(make("archetype_agnostic", intra=0.0), batch_of(PAIRS))
    assert terms.losses["intra_voice"].abs().max() == 0 and bool((terms.losses["cross"] > 0).all())


def test_it_learns_from_recordings_and_pictures() -> None:
    assert unmoved_by_media("archetype_agnostic") == []
