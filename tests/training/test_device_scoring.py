"""Ranks counted by torch are those counted by numpy; here on its CPU device."""

import numpy as np
import pytest

from vfal.core.errors import EmbeddingError, MachineError
from vfal.evaluation.embeddings import Items
from vfal.evaluation.ranking import rank
from vfal.evaluation.scoring import Cosine, Prepared
from vfal.training import device_scoring
from vfal.training.device_scoring import DeviceCosine


def items(rng: np.random.Generator, kind: str, size: int, people: int, *, coarse: bool) -> Items:
    vectors = rng.normal(size=(size, 4)).astype(np.float32)
    owner = np.arange(size) % people
    return Items(kind, np.arange(size), owner, np.sign(vectors) if coarse else vectors)


@pytest.mark.parametrize("coarse", [False, True], ids=["fine", "tied"])
@pytest.mark.parametrize("block", [7, 64])
@pytest.mark.parametrize("direction", ["v2f", "f2v"])
def test_ranks_and_ties_agree_whatever_the_blocks(monkeypatch, coarse, block, direction):
    monkeypatch.setattr(device_scoring, "GALLERY_AT_ONCE", block)
    rng = np.random.default_rng(0)
    sides = [items(rng, kind, size, 9, coarse=coarse) for kind, size in (("voice", 50), ("face", 40))]
    probes, gallery = sides if direction == "v2f" else sides[::-1]
    rows = [(np.arange(len(side.numbers_N)), side.identities_N) for side in (probes, gallery)]
    one, other = (
        rank(Prepared(scorer, *sides), direction, *rows, block_scores=2000)
        for scorer in (Cosine(), DeviceCosine("cpu"))
    )
    np.testing.assert_array_equal(one.first_rank_N, other.first_rank_N)
    np.testing.assert_allclose(one.average_precision_N, other.average_precision_N, atol=1e-15)
    np.testing.assert_array_equal(one.tied_N, other.tied_N)
    assert one.tied_N.any() == coarse


def test_pairs_agree_and_zero_vectors_are_refused():
    rng = np.random.default_rng(0)
    sides = [items(rng, kind, 30, 5, coarse=False) for kind in ("voice", "face")]
    one, other = (Prepared(scorer, *sides) for scorer in (Cosine(), DeviceCosine("cpu")))
    rows = np.arange(30)
    np.testing.assert_allclose(one.pairs("v2f", rows, rows), other.pairs("v2f", rows, rows), atol=1e-15)
    sides[0].vectors_ND[3] = 0
    with pytest.raises(EmbeddingError, match="zero and have no direction"):
        Prepared(DeviceCosine("cpu"), *sides)


def test_a_device_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(device_scoring.torch.cuda, "is_available", lambda: False)
    with pytest.raises(MachineError, match="--device cuda: torch sees no such device"):
        DeviceCosine("cuda")
