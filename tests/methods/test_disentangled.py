import pytest
import torch
from torch.nn.functional import rms_norm

from vfal.data.batches import Batch
from vfal.method import Method
from vfal.nn.gradient_reversal import reversed_gradient

from .small_models import losses_of, make


def gradient(method: Method, part: str, loss_B: torch.Tensor) -> float:
    parameters = [parameter for name, parameter in method.named_parameters() if name.startswith(part)]
    found = torch.autograd.grad(loss_B.mean(), parameters, retain_graph=True, allow_unused=True)
    return sum(float(one.abs().sum()) for one in found if one is not None)


def test_what_is_compared_is_the_mean_of_the_identity_factor(batch: Batch) -> None:
    method = make("disentangled", width=16, modality_width=4).train()
    found_BD = method.embed_voices(batch.voices.inputs)
    assert found_BD.shape == (6, 16)
    assert torch.equal(found_BD, method.embed_voices(batch.voices.inputs))  # nothing drawn, in training too


def test_training_draws_the_factors_anew(batch: Batch) -> None:
    method = make("disentangled").train()
    first, second = losses_of(method, batch), losses_of(method, batch)
    assert torch.equal(first["identity_voice"], second["identity_voice"])
    assert not torch.equal(first["reconstruction"], second["reconstruction"])


def test_cross_reconstruction_takes_the_identity_of_the_other_modality(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vfal.methods.disentangled.drawn", lambda mean_BD, log_variance_BD: mean_BD)
    method = make("disentangled").train()
    inputs = {"voice": batch.voices.inputs, "face": batch.faces.inputs}
    inputs = {name: rms_norm(values_BD, (7,)) for name, values_BD in inputs.items()}
    factors = {name: method.encoders[name](values_BD) for name, values_BD in inputs.items()}
    own, other = {"voice": "voice", "face": "face"}, {"voice": "face", "face": "voice"}
    found = losses_of(method, batch)
    for term, source in (("reconstruction", own), ("cross_reconstruction", other)):
        expected_B = torch.zeros(6)
        for name, target_BD in inputs.items():
            code_BC = torch.cat([factors[source[name]].identity, factors[name].modality], dim=1)
            expected_B = expected_B + (method.decoders[name](code_BC) - target_BD).square().mean(1)
        torch.testing.assert_close(found[term], expected_B)


def test_a_person_whose_factors_agree_pays_nothing_for_alignment(batch: Batch) -> None:
    method = make("disentangled").train()
    method.encoders["face"].load_state_dict(method.encoders["voice"].state_dict())
    same = Batch(batch.voices, batch.voices)
    assert losses_of(method, same)["alignment"].abs().max() == 0
    assert losses_of(method, batch)["alignment"].min() > 0


def test_identity_factors_are_trained_against_the_classifier_of_modalities() -> None:
    torch.manual_seed(0)
    codes_BD, labels_B = torch.randn(8, 4, requires_grad=True), torch.tensor([0, 1] * 4)
    classifier = torch.nn.Linear(4, 2)
    gradients = []
    for seen_BD in (codes_BD, reversed_gradient(codes_BD)):
        loss = torch.nn.functional.cross_entropy(classifier(seen_BD), labels_B)
        gradients.append(torch.autograd.grad(loss, [codes_BD, classifier.weight]))
    torch.testing.assert_close(gradients[1][0], -gradients[0][0])
    torch.testing.assert_close(gradients[1][1], gradients[0][1])


def test_every_weight_switches_its_own_term(batch: Batch) -> None:
    for term in ("reconstruction", "cross_reconstruction", "divergence", "alignment", "modality"):
        found = losses_of(make("disentangled", **{term: 0.0}).train(), batch)
        assert found[term].abs().max() == 0
        assert all(loss_B.max() > 0 for name, loss_B in found.items() if name != term)


def test_modality_factors_learn_to_tell_the_modality(batch: Batch) -> None:
    method = make("disentangled").train()
    found = losses_of(method, batch)
    assert gradient(method, "modality_of_modality", found["modality"]) > 0
    assert gradient(method, "modality_of_identity", found["modality"]) > 0
    assert gradient(method, "classifier", found["modality"]) == pytest.approx(0.0)
