import pytest
import torch

from vfal.data.batches import Batch
from vfal.losses.classification import cross_entropy
from vfal.method import Crowd
from vfal.nn.separate_prototypes import most_separate

from .small_models import make


def test_the_embedding_is_one_dimension_narrower_than_there_are_people(batch: Batch) -> None:
    assert make("msm").eval().embed_voices(batch.voices.inputs).shape == (6, 9)


def test_the_classifier_never_moves() -> None:
    names = {name for name, _ in make("msm").named_parameters()}
    assert not any(name.startswith("classifier") for name in names)
    learned = {name for name, _ in make("msm_learned_classifier").named_parameters()}
    assert learned - names == {"classifier.weight", "classifier.bias"}


def test_the_fused_embedding_is_what_is_classified(batch: Batch) -> None:
    method = make("msm", dropout=0.0).eval()
    ((_, terms),) = method.turns(batch, 0)
    faces_BD, voices_BD = method.embed_faces(batch.faces.inputs), method.embed_voices(batch.voices.inputs)
    fused_BD = method.face_share * faces_BD + method.voice_share * voices_BD
    expected_B = cross_entropy(fused_BD @ most_separate(10).float().T, batch.voices.identity_B)
    torch.testing.assert_close(terms.losses["identity"], expected_B)


def test_a_fused_embedding_on_its_own_vector_costs_the_least() -> None:
    prototypes_ID = most_separate(10)
    logits_II = prototypes_ID @ prototypes_ID.T
    loss_II = torch.stack([cross_entropy(logits_II, torch.full((10,), code)) for code in range(10)])
    assert (loss_II.argmin(1) == torch.arange(10)).all()
    # Two unit vectors fused, however well placed, stay far from certain: the loss is nearly flat.
    assert loss_II.min() > 1.3


def test_without_orthogonality_there_is_one_term(batch: Batch) -> None:
    ((_, terms),) = make("msm", orthogonality=0.0).train().turns(batch, 0)
    assert {*terms.losses} == {"identity"}


def test_embeddings_are_unit_vectors_without_negative_entries(batch: Batch) -> None:
    faces_BD = make("msm", crowd=Crowd(40)).eval().embed_faces(batch.faces.inputs)
    assert faces_BD.min() >= 0
    assert faces_BD.norm(dim=1).tolist() == pytest.approx([1.0] * 6)


def test_both_modalities_start_with_the_same_share_unless_drawn_as_published() -> None:
    method = make("msm")
    assert method.face_share.item() == method.voice_share.item() == 0.5
    drawn = make("msm", fusion_start="random")
    assert drawn.face_share.item() != drawn.voice_share.item()
