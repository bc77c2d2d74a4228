from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from vfal.data.batches import Batch
from vfal.method import Card, Method, Terms
from vfal.training.assessing import MethodScorer
from vfal.training.shortlists import counts_by_shortlist, shortlisted


class Contrary(Method):
    """Judges pairs by minus what the cosine says, and by which side is which."""

    card: ClassVar[Card] = Card("", "", 2026, "", "", frozenset(), frozenset(), ())

    def __init__(self, shortlist: int | None) -> None:
        super().__init__()
        self.shortlist, self.nothing = shortlist, nn.Parameter(torch.zeros(1))

    def embed_voices(self, voices: Tensor) -> Tensor:
        return voices

    def embed_faces(self, faces: Tensor) -> Tensor:
        return faces

    def score(self, voices_ND: Tensor, faces_MD: Tensor) -> Tensor:
        return -super().score(voices_ND, faces_MD)

    def score_pairs(self, voices_PD: Tensor, faces_PD: Tensor) -> Tensor:
        cosine_P = (normalize(voices_PD, dim=1) * normalize(faces_PD, dim=1)).sum(1)
        return -cosine_P + 0.01 * voices_PD[:, 0] - 0.02 * faces_PD[:, 0]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        raise NotImplementedError


def items(count: int, seed: int) -> Tensor:
    return torch.randn(count, 4, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("direction", ["v2f", "f2v"])
def test_the_nearest_go_first_as_judged_and_the_rest_follow_by_cosine(direction: str) -> None:
    probes_ND, gallery_MD, method = items(5, 1), items(30, 2), Contrary(7)
    scores_NM = shortlisted(method, probes_ND, gallery_MD, direction)  # type: ignore[arg-type]
    cosines_NM = normalize(probes_ND, dim=1) @ normalize(gallery_MD, dim=1).T
    for probe, (scores_M, cosines_M) in enumerate(zip(scores_NM, cosines_NM, strict=True)):
        by_cosine = cosines_M.argsort(descending=True).tolist()
        asking, near = probes_ND[probe].expand(7, 4), gallery_MD[by_cosine[:7]]
        judged_K = method.score_pairs(*((asking, near) if direction == "v2f" else (near, asking)))
        wanted = [by_cosine[place] for place in judged_K.argsort(descending=True)] + by_cosine[7:]
        assert scores_M.argsort(descending=True).tolist() == wanted


def test_a_probes_order_does_not_depend_on_the_others_that_ask() -> None:
    probes_ND, gallery_MD = items(5, 1), items(30, 2)
    together = shortlisted(Contrary(7), probes_ND, gallery_MD, "f2v")
    alone = [shortlisted(Contrary(7), probe_D[None], gallery_MD, "f2v")[0] for probe_D in probes_ND]
    assert torch.allclose(together, torch.stack(alone), atol=1e-6)


def test_an_empty_shortlist_is_the_cosine_and_a_full_one_the_judge() -> None:
    probes_ND, gallery_MD = items(5, 1), items(30, 2)
    cosines_NM = normalize(probes_ND, dim=1) @ normalize(gallery_MD, dim=1).T
    assert torch.equal(shortlisted(Contrary(0), probes_ND, gallery_MD, "v2f"), cosines_NM)
    judged = [Contrary(0).score_pairs(probe_D.expand(30, 4), gallery_MD) for probe_D in probes_ND]
    whole = shortlisted(Contrary(99), probes_ND, gallery_MD, "v2f")
    assert torch.allclose(whole, torch.stack(judged), atol=1e-6)


def test_what_is_counted_is_the_shortlisted_order() -> None:
    probes_ND, gallery_MD, method = items(4, 1), items(20, 2), Contrary(6)
    spans = [(0, 3), (5, 6), (5, 9), (19, 20)]
    counts = counts_by_shortlist(method, probes_ND.numpy(), gallery_MD.numpy(), spans, "v2f")
    scores_NM = shortlisted(method, probes_ND, gallery_MD, "v2f").double().numpy()
    for scores_M, (start, stop), (rising_R, at_least_R, above_R) in zip(
        scores_NM, spans, counts, strict=True
    ):
        assert rising_R.tolist() == sorted(scores_M[start:stop])
        assert at_least_R.tolist() == [int((scores_M >= right).sum()) for right in rising_R]
        assert above_R.tolist() == [int((scores_M > right).sum()) for right in rising_R]


def test_a_method_without_a_shortlist_leaves_counting_to_its_scores() -> None:
    nothing = np.zeros((1, 4), dtype=np.float32)
    assert MethodScorer(Contrary(None)).counts(nothing, nothing, [(0, 1)], "v2f") is None
