"""InfoNCE and the softmax classifier against the numbers of my-yy/vfal-eva."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from vfal.losses.classification import cross_entropy
from vfal.losses.softmax_contrast import softmax_contrast
from vfal.nn.heads import SharedClassifier

Load = Callable[[str], dict[str, Any]]
EXACT = {"rtol": 1e-9, "atol": 1e-12}
SQUARE = ["vfal_nce_b12_dup", "vfal_nce_b16_distinct", "vfal_nce_b8"]
TEMPERATURES = [("t1p0", 1.0), ("t0p07", 0.07), ("t0p5", 0.5)]


def expect(found: Tensor | None, expected: Any) -> None:
    assert found is not None
    torch.testing.assert_close(found.detach(), torch.as_tensor(expected), **EXACT)


def info_nce(anchors_BD: Tensor, candidates_BD: Tensor, temperature: float) -> Tensor:
    return softmax_contrast(
        anchors_BD,
        candidates_BD,
        offset=1.0,
        temperature=temperature,
        normalise_anchors=True,
        normalise_candidates=True,
    )


@pytest.mark.parametrize("name", SQUARE)
@pytest.mark.parametrize(("key", "temperature"), TEMPERATURES[:2])
def test_info_nce_and_its_gradients_equal_the_published_ones(
    name: str, key: str, temperature: float, golden: Load
) -> None:
    arrays = golden(name)
    anchors_BD, others_BD = (torch.from_numpy(arrays[side]).requires_grad_() for side in ("anchor", "other"))
    loss = info_nce(anchors_BD, others_BD, temperature).mean()
    loss.backward()
    expect(loss, arrays[f"unsup_{key}_loss"])
    expect(anchors_BD.grad, arrays[f"unsup_{key}_grad_anchor"])
    expect(others_BD.grad, arrays[f"unsup_{key}_grad_other"])
    expect(info_nce(others_BD, anchors_BD, temperature).mean(), arrays[f"unsup_{key}_reverse_loss"])
    logits_BB = normalize(anchors_BD, dim=1) @ normalize(others_BD, dim=1).T / temperature
    expect(logits_BB, arrays[f"unsup_{key}_logits"])


@pytest.mark.parametrize("name", [*SQUARE, "vfal_nce_b4_vs_9"])
@pytest.mark.parametrize(("key", "temperature"), TEMPERATURES[1:])
def test_each_positive_against_the_anchors_negatives_equals_the_published_supervised_form(
    name: str, key: str, temperature: float, golden: Load
) -> None:
    arrays = golden(name)
    anchors_BD, others_BD = (torch.from_numpy(arrays[side]).requires_grad_() for side in ("anchor", "other"))
    same = torch.from_numpy(arrays["label_anchor"][:, None] == arrays["label_other"])
    pairs = same.nonzero().tolist()
    losses = []
    for anchor, positive in pairs:
        candidates_BD = others_BD[[positive, *(~same[anchor]).nonzero().flatten().tolist()]]
        anchors = anchors_BD[anchor].expand_as(candidates_BD)
        losses.append(info_nce(anchors, candidates_BD, temperature)[0])
    found = torch.stack(losses)
    found.mean().backward()
    assert [anchor for anchor, _ in pairs] == arrays[f"sup_{key}_anchor_idx"].tolist()
    expect(found, arrays[f"sup_{key}_each"])
    expect(found.mean(), arrays[f"sup_{key}_loss"])
    expect(anchors_BD.grad, arrays[f"sup_{key}_grad_anchor"])
    expect(others_BD.grad, arrays[f"sup_{key}_grad_other"])


@pytest.mark.parametrize("name", ["vfal_softmax_b10", "vfal_softmax_b6_c30"])
def test_the_classifier_and_its_gradients_equal_the_published_ones(name: str, golden: Load) -> None:
    arrays = golden(name)
    embeddings_BD = torch.from_numpy(arrays["emb"]).requires_grad_()
    classifier = SharedClassifier(*arrays["W"].shape).double()
    classifier.load_state_dict({"weight": torch.from_numpy(arrays["W"]).T})
    loss_B = cross_entropy(classifier(embeddings_BD), torch.from_numpy(arrays["y"]))
    loss_B.mean().backward()
    expect(loss_B, arrays["loss_none"])
    expect(loss_B.mean(), arrays["loss_mean"])
    expect(embeddings_BD.grad, arrays["grad_emb"])
    assert classifier.weight.grad is not None
    expect(classifier.weight.grad.T, arrays["grad_W"])
