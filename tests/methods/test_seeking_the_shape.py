import pytest
import torch

from vfal.data.batches import Batch

from .small_models import make, terms_of

IDENTITY = {"identity_voice", "identity_face"}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("seeking_the_shape", IDENTITY | {"explicit"}),
        ("seeking_the_shape_without_explicit", IDENTITY),
        ("seeking_the_shape_without_implicit", {"explicit"}),
        ("seeking_the_shape_focal", IDENTITY | {"explicit"}),
        ("seeking_the_shape_official_adaptive", IDENTITY | {"explicit"}),
    ],
)
def test_each_published_ablation_leaves_the_terms_it_says(
    model: str, expected: set[str], batch: Batch
) -> None:
    assert {*terms_of(make(model).train(), batch).losses} == expected


def test_only_the_official_row_reduces_the_implicit_loss_before_it_is_weighted(batch: Batch) -> None:
    assert terms_of(make("seeking_the_shape_official_adaptive").train(), batch).batch_mean == IDENTITY
    assert not terms_of(make("seeking_the_shape_adaptive").train(), batch).batch_mean


def test_focal_loss_scales_each_items_cross_entropy_down(batch: Batch) -> None:
    plain = terms_of(make("seeking_the_shape").eval(), batch).losses["identity_voice"]
    focal = terms_of(make("seeking_the_shape_focal").eval(), batch).losses["identity_voice"]
    torch.testing.assert_close(focal, (1 - (-plain).exp()).square() * plain)


def test_without_the_implicit_loss_the_classifier_does_not_learn() -> None:
    frozen = make("seeking_the_shape_without_implicit")
    learning = make("seeking_the_shape")
    assert not frozen.classifier.weight.requires_grad and learning.classifier.weight.requires_grad
    assert len(frozen.players()["all"]) == len(learning.players()["all"]) - 1
