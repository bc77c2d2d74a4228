import pytest
import torch

from vfal.core.errors import ConfigError
from vfal.losses.classification import cross_entropy
from vfal.method import Crowd

from .small_models import CROWD, batch_of, make, terms_of, total, unmoved_by_media

PEOPLE = [4, 0, 7, 2]
LABELS = {"gender": [0, 1, -1, 1], "nationality": [-1, 2, 0, -1]}


def test_by_default_identity_and_gender_are_learned() -> None:
    terms = terms_of(make("dimnet"), batch_of(PEOPLE, **LABELS))
    assert sorted(terms.losses) == ["gender_face", "gender_voice", "identity_face", "identity_voice"]


@pytest.mark.parametrize(
    "chosen",
    [
        ["identity"],
        ["gender"],
        ["nationality"],
        ["gender", "nationality"],
        ["identity", "gender", "nationality"],
    ],
)
def test_every_set_of_covariates_of_the_paper_can_be_learned(chosen: list[str]) -> None:
    method = make("dimnet", covariates=dict.fromkeys(chosen, 1.0))
    terms = terms_of(method, batch_of(PEOPLE, **LABELS))
    assert sorted(terms.losses) == sorted(f"{name}_{side}" for name in chosen for side in ("face", "voice"))
    assert sorted(method.classifiers) == sorted(chosen)  # type: ignore[arg-type]


def test_each_covariate_has_a_classifier_of_its_own_which_both_modalities_share() -> None:
    method, batch = make("dimnet").eval(), batch_of(PEOPLE, **LABELS)
    terms = terms_of(method, batch)
    assert batch.voices is not None and batch.faces is not None
    gender = method.classifiers["gender"]  # type: ignore[index]
    assert gender.weight.shape == (2, 16)
    for side, embeddings_BD in (
        ("voice", method.embed_voices(batch.voices.inputs)),
        ("face", method.embed_faces(batch.faces.inputs)),
    ):
        expected_B = cross_entropy(gender(embeddings_BD), torch.tensor([0, 1, 0, 1]))
        found_B = terms.losses[f"gender_{side}"]
        torch.testing.assert_close(found_B[[0, 1, 3]], expected_B[[0, 1, 3]])
        assert found_B[2] == 0  # her or his gender is not known


def test_gender_does_not_move_the_classifier_of_identities() -> None:
    method = make("dimnet")
    terms = terms_of(method, batch_of(PEOPLE, **LABELS))
    (terms.losses["gender_voice"] + terms.losses["gender_face"]).mean().backward()
    assert method.classifiers["identity"].weight.grad is None  # type: ignore[index]


def test_a_coefficient_multiplies_both_terms_of_its_covariate() -> None:
    batch = batch_of(PEOPLE, **LABELS)
    one = terms_of(make("dimnet").eval(), batch)
    three = terms_of(make("dimnet", covariates={"identity": 1.0, "gender": 3.0}).eval(), batch)
    torch.testing.assert_close(three.losses["gender_face"], 3 * one.losses["gender_face"])
    torch.testing.assert_close(three.losses["identity_face"], one.losses["identity_face"])


def test_the_modalities_never_meet_in_a_loss() -> None:
    """Shuffling the faces with their labels changes nobody's gradient: there are no pairs."""
    method, batch = make("dimnet"), batch_of(PEOPLE, **LABELS)
    order = torch.tensor([2, 0, 3, 1])
    assert batch.faces is not None and batch.faces.identity_B is not None and batch.faces.gender_B is not None
    faces = type(batch.faces)(
        batch.faces.inputs[order], batch.faces.identity_B[order], batch.faces.gender_B[order]
    )
    shuffled = type(batch)(batch.voices, faces)
    gradients = []
    for given in (batch, shuffled):
        method.zero_grad()
        total(terms_of(method, given)).backward()
        gradients.append([p.grad.clone() for p in method.parameters() if p.grad is not None])
    for first, second in zip(*gradients, strict=True):
        torch.testing.assert_close(first, second)


def test_a_covariate_that_nobody_has_is_refused_by_name() -> None:
    unknown = Crowd(CROWD.identities, genders=0)
    with pytest.raises(ConfigError, match=r"covariates: 'gender' cannot be learned, found 0 known values"):
        make("dimnet", crowd=unknown)
    make("dimnet_i", crowd=unknown)


def test_it_learns_from_recordings_and_pictures() -> None:
    assert unmoved_by_media("dimnet") == []
