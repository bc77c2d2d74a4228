"""Our losses of pairs and triplets against those of pytorch-metric-learning, which is no dependency.

`pip install --no-deps --target <folder> pytorch-metric-learning==2.9.0`, then with that folder on PYTHONPATH
`python benchmarks/metric_learning.py`; without the library it says so and ends. One thread, value and
backward in single precision; two minutes. The note says for what the library returns one number each (by its
DoNothingReducer), how far loss and gradient lie from ours in double precision after its numbers are shared
out among anchors, and what each way keeps for the backward pass.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from comparing import Row, compare, show
from vfal.losses.all_triplets import all_triplets
from vfal.losses.batch_triplets import batch_triplets
from vfal.losses.lifted_structure import lifted_structure
from vfal.losses.multi_similarity import multi_similarity
from vfal.losses.softmax_contrast import softmax_contrast

BATCHES, WIDTH, ROUNDS = (128, 256), 128, 20
OURS, THEIRS = "ours", "pytorch-metric-learning"

Side = Callable[[Tensor, Tensor, Tensor], Tensor]  # voices, faces, labels -> one loss per anchor


@dataclass(frozen=True)
class Case:
    """One loss both ways, and how many items of a batch are of one label."""

    what: str
    each_returned: str
    ours: Side
    theirs: Side
    items_per_label: int = 4
    dear: bool = False  # the library's way takes seconds, and many GiB at a larger batch


def main() -> None:
    torch.set_num_threads(1)
    start = time.perf_counter()
    try:
        from pytorch_metric_learning import losses, miners
    except ModuleNotFoundError as missing:
        print(f"skipped: {missing.name} is not installed (see the head of this file)")
        return
    seconds = time.perf_counter() - start
    print(f"import after torch and what our losses import: {seconds:.2f} s")
    cases = [*_contrast(losses), *_by_labels(losses, miners), *_triplets(losses, miners)]
    for batch in BATCHES:
        asked = [case for case in cases if not case.dear or batch == min(BATCHES)]
        show(f"Value and gradient at batch {batch}", [_compared(case, batch) for case in asked])


def _contrast(losses: Any) -> list[Case]:
    """One positive per anchor: a voice, and the face of the same row."""

    def ours(temperature: float, normalise: bool) -> Side:
        return lambda voices, faces, _: softmax_contrast(
            voices,
            faces,
            offset=1.0,
            temperature=temperature,
            normalise_anchors=normalise,
            normalise_candidates=normalise,
        )

    def across(name: str) -> Side:
        loss = _raw(getattr(losses, name), temperature=0.07)
        return lambda voices, faces, row: _listed(loss(voices, row, ref_emb=faces, ref_labels=row.clone()))

    def n_pairs(voices: Tensor, faces: Tensor, row: Tensor) -> Tensor:
        # It takes the first item of a label for the anchor, and knows no second set of vectors.
        return _listed(dot(torch.cat([voices, faces]), row.repeat(2)))

    dot = _raw(losses.NPairsLoss, distance=_unscaled("DotProductSimilarity"))
    info = ours(0.07, True)
    return [
        Case("InfoNCE (NTXentLoss)", "pair", info, across("NTXentLoss"), 1),
        Case("InfoNCE (SupConLoss)", "anchor", info, across("SupConLoss"), 1),
        Case("N-pair (NPairsLoss)", "anchor", ours(1.0, False), n_pairs, 1),
    ]


def _by_labels(losses: Any, miners: Any) -> list[Case]:
    """Voices and faces together; every item is an anchor."""

    def ours(**settings: Any) -> Side:
        return lambda voices, faces, label: multi_similarity(
            torch.cat([voices, faces]), label.repeat(2), alpha=2, beta=50, base=0.5, **settings
        )

    def theirs(mined: bool) -> Side:
        def each(voices: Tensor, faces: Tensor, label_B: Tensor) -> Tensor:
            both_ND, label_N = torch.cat([voices, faces]), label_B.repeat(2)
            return _listed(loss(both_ND, label_N, miner(both_ND, label_N) if mined else None))

        return each

    def lifted(voices: Tensor, faces: Tensor, label: Tensor) -> Tensor:
        found = lift(torch.cat([voices, faces]), label.repeat(2))["loss"]
        return _shared(found["losses"], found["indices"][0], 2 * len(label))

    loss, miner = (
        _raw(losses.MultiSimilarityLoss, alpha=2, beta=50, base=0.5),
        miners.MultiSimilarityMiner(0.1),
    )
    lift = _raw(losses.LiftedStructureLoss, distance=_scaled())
    return [
        Case("multi-similarity, all pairs", "anchor", ours(), theirs(False)),
        Case("multi-similarity, mined", "anchor", ours(epsilon=0.1), theirs(True)),
        Case(
            "lifted structure",
            "pair",
            lambda voices, faces, label: lifted_structure(
                torch.cat([voices, faces]), label.repeat(2), negative_margin=1.0, positive_margin=0.0
            ),
            lifted,
            dear=True,
        ),
    ]


def _triplets(losses: Any, miners: Any) -> list[Case]:
    """Voices are anchors, faces positives and negatives."""
    plain = _unscaled("LpDistance")
    loss, miner = (
        _raw(losses.TripletMarginLoss, margin=0.2, distance=plain),
        miners.BatchHardMiner(distance=plain),
    )

    def theirs_all(voices: Tensor, faces: Tensor, label: Tensor) -> Tensor:
        found = loss(voices, label, ref_emb=faces, ref_labels=label.clone())["loss"]
        return _shared(found["losses"], found["indices"][0], len(label))

    def theirs_hard(voices: Tensor, faces: Tensor, label: Tensor) -> Tensor:
        triplets = miner(voices, label, faces, label.clone())
        return _listed(loss(voices, label, triplets, ref_emb=faces, ref_labels=label.clone()))

    return [
        Case(
            "all triplets",
            "triplet",
            lambda voices, faces, label: all_triplets(
                voices, faces, label, label, margin=0.2, reduction="mean_all"
            ),
            theirs_all,
        ),
        Case(
            "batch hard",
            "anchor",
            lambda voices, faces, label: batch_triplets(
                voices, faces, label, margin=0.2, negatives="hardest"
            ),
            theirs_hard,
        ),
    ]


def _raw(kind: Any, **settings: Any) -> Any:
    from pytorch_metric_learning.reducers import DoNothingReducer

    return kind(reducer=DoNothingReducer(), **settings)


def _scaled() -> Any:
    from pytorch_metric_learning.distances import LpDistance

    return LpDistance()


def _unscaled(name: str) -> Any:
    from pytorch_metric_learning import distances

    return getattr(distances, name)(normalize_embeddings=False)


def _listed(found: Any) -> Tensor:
    return found["loss"]["losses"].flatten()


def _shared(losses_P: Tensor, anchor_P: Tensor, anchors: int) -> Tensor:
    """Pairs' or triplets' losses added up by anchor, (anchors,), so that their means are the same."""
    return (
        losses_P.new_zeros(anchors).index_add(0, anchor_P, losses_P.flatten())
        * anchors
        / max(len(losses_P), 1)
    )


def _compared(case: Case, batch: int) -> Row:
    drawn = torch.Generator().manual_seed(1)
    label_B = torch.arange(batch) // case.items_per_label
    centre_BD = torch.randn(batch, WIDTH, generator=drawn)[label_B]
    sides = [(centre_BD + 2 * torch.randn(batch, WIDTH, generator=drawn)) / 4 for _ in range(2)]

    def step(side: Side, dtype: torch.dtype) -> list[Tensor]:
        leaves = [vectors.to(dtype).requires_grad_() for vectors in sides]
        loss_N = side(*leaves, label_B)
        loss_N.mean().backward()
        return [loss_N.detach(), *(leaf.grad for leaf in leaves if leaf.grad is not None)]

    exact = [step(side, torch.float64) for side in (case.ours, case.theirs)]
    apart = [float((a - b).abs().max()) for a, b in zip(*exact, strict=True)]
    kept = [_kept(lambda side=side: step(side, torch.float32)) for side in (case.ours, case.theirs)]
    return compare(
        case.what,
        {
            OURS: lambda: step(case.ours, torch.float32),
            THEIRS: lambda: step(case.theirs, torch.float32),
        },
        rounds=2 if case.dear else ROUNDS,
        reference=OURS,
        note=(
            f"per {case.each_returned}; apart {apart[0]:.0e}, gradient {max(apart[1:]):.0e}; "
            f"kept {kept[0]:.1f}, {kept[1]:.1f} MiB"
        ),
    )


def _kept(step: Callable[[], object]) -> float:
    """MiB of tensors that a step keeps for its backward pass, each storage counted once."""
    sizes: dict[int, int] = {}
    alive = []

    def pack(tensor: Tensor) -> Tensor:
        alive.append(tensor)  # or its address would be given to another
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        step()
    return sum(sizes.values()) / 2**20


if __name__ == "__main__":
    main()
