"""pytorch-metric-learning 2.9.0 (loss and miner), and Eq. 2-6 of Fuse after Align by hand."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from vfal.losses.classification import cross_entropy
from vfal.losses.multi_similarity import informative_pairs, multi_similarity

from .conftest import Golden

FILES = [
    f"faa_multisim_{name}" for name in ("n12", "n14", "n10_close", "n16_distinct", "n7_loose", "n8_pairs")
]
Read = Callable[[str], Golden]


@pytest.fixture(params=FILES)
def stored(request: pytest.FixtureRequest, golden: Read) -> Golden:
    return golden(request.param)


def loss_of(
    embeddings: Tensor, stored: Golden, base: float, epsilon: float | None, rule: str = "intended"
) -> Tensor:
    labels_N = torch.from_numpy(stored["y"])
    return multi_similarity(
        embeddings,
        labels_N,
        alpha=2.0,
        beta=40.0,
        base=base,
        epsilon=epsilon,
        rule=rule,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("base", [1.0, 0.5])
@pytest.mark.parametrize(("kind", "epsilon"), [("all", None), ("mined", 0.1)])
def test_the_loss_and_its_slope_are_the_librarys(
    stored: Golden, base: float, kind: str, epsilon: float | None
) -> None:
    name = f"pml_base{str(base).replace('.', 'p')}_{kind}"
    embeddings = torch.from_numpy(stored["emb"]).requires_grad_()
    loss = loss_of(embeddings, stored, base, epsilon).mean()
    loss.backward()
    assert float(loss.detach()) == pytest.approx(float(stored[f"{name}_loss"]), rel=1e-9, abs=1e-12)
    assert embeddings.grad is not None
    torch.testing.assert_close(
        embeddings.grad, torch.from_numpy(stored[f"{name}_grad"]), rtol=1e-7, atol=1e-10
    )


@pytest.mark.parametrize(
    ("kind", "epsilon", "rule"),
    [("all", None, "intended"), ("max", 0.1, "intended"), ("literal", 0.1, "literal")],
)
def test_each_anchors_loss_and_its_pairs_are_those_by_hand(
    stored: Golden, kind: str, epsilon: float | None, rule: str
) -> None:
    embeddings = torch.from_numpy(stored["emb"])
    each_N = loss_of(embeddings, stored, 1.0, epsilon, rule)
    wanted_N = torch.from_numpy(stored[f"hand_lam1p0_{kind}_each"])
    torch.testing.assert_close(each_N, wanted_N, rtol=1e-7, atol=1e-12)
    for base in ("1p0", "0p5"):
        loss = loss_of(embeddings, stored, float(base.replace("p", ".")), epsilon, rule).mean()
        assert float(loss) == pytest.approx(float(stored[f"hand_lam{base}_{kind}_loss"]), rel=1e-7, abs=1e-12)


def test_the_miner_keeps_the_librarys_pairs(stored: Golden) -> None:
    kept = informative_pairs(torch.from_numpy(stored["S"]), torch.from_numpy(stored["y"]), epsilon=0.1)
    for found_NN, (first, second) in zip(
        kept, (("miner_a1", "miner_p"), ("miner_a2", "miner_n")), strict=True
    ):
        wanted = set(zip(stored[first].tolist(), stored[second].tolist(), strict=True))
        assert {tuple(pair) for pair in found_NN.nonzero().tolist()} == wanted


def test_matching_and_the_whole_are_those_by_hand(stored: Golden) -> None:
    logits, right = torch.from_numpy(stored["fvm_logits"]), torch.from_numpy(stored["fvm_y"])
    matching = cross_entropy(logits, right.long()).mean()
    assert float(matching) == pytest.approx(float(stored["hand_ce"]), rel=1e-9)
    alignment = loss_of(torch.from_numpy(stored["emb"]), stored, 1.0, 0.1).mean()
    assert float(0.9 * alignment + 0.1 * matching) == pytest.approx(float(stored["hand_total"]), rel=1e-9)
