"""Multi-similarity loss: each pair of a batch is weighed by the others of its anchor, one loss per anchor."""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize, pad

Rule = Literal["intended", "literal"]


def multi_similarity(
    embeddings_ND: Tensor,
    labels_N: Tensor,
    *,
    alpha: float,
    beta: float,
    base: float,
    epsilon: float | None = None,
    rule: Rule = "intended",
) -> Tensor:
    """Multi-similarity loss of each anchor, (N,), >= 0; rows of one label are positives of each other.

    ln(1 + sum over positives of exp(-alpha (s - base))) / alpha and ln(1 + sum over negatives of
    exp(beta (s - base))) / beta, added; s is the cosine. With `epsilon` only informative pairs are summed
    (`informative_pairs`); None sums all. Source: Wang et al., CVPR 2019; Fuse after Align, Eq. 2-4.
    """
    units_ND = normalize(embeddings_ND, dim=1)
    sims_NN = units_ND @ units_ND.T
    positive_NN, negative_NN = pairs_of(labels_N)
    if epsilon is not None:
        kept = informative_pairs(sims_NN.detach(), labels_N, epsilon=epsilon, rule=rule)
        positive_NN, negative_NN = kept
    towards_N = _log_1_plus_sum(-alpha * (sims_NN - base), positive_NN) / alpha
    apart_N = _log_1_plus_sum(beta * (sims_NN - base), negative_NN) / beta
    return towards_N + apart_N


def paired_multi_similarity(
    voices_BD: Tensor, faces_BD: Tensor, label_B: Tensor, *, alpha: float, beta: float, base: float
) -> Tensor:
    """The same over voices and faces together, (B,): the mean of an item's voice and its face as anchors.

    Pairs within a modality count too, and all pairs are summed. Source: my-yy/sl_icmr2022:sl.py, do_step.
    """
    both_ND = torch.cat([voices_BD, faces_BD])
    return multi_similarity(both_ND, label_B.repeat(2), alpha=alpha, beta=beta, base=base).view(2, -1).mean(0)


def pairs_of(labels_N: Tensor) -> tuple[Tensor, Tensor]:
    """Which columns are positives of each row, and which are negatives: (N, N) each; never a row itself."""
    same_NN = labels_N[:, None] == labels_N[None, :]
    own_NN = torch.eye(len(labels_N), dtype=torch.bool, device=labels_N.device)
    return same_NN & ~own_NN, ~same_NN


def informative_pairs(
    sims_NN: Tensor, labels_N: Tensor, *, epsilon: float, rule: Rule = "intended"
) -> tuple[Tensor, Tensor]:
    """The positives and negatives of each row that have something to teach, (N, N) each.

    A negative is kept that comes within `epsilon` of the row's least similar positive. A positive is kept
    that is less similar than the row's most similar negative plus `epsilon`; under the rule `literal`, than
    its least similar one, as Eq. 3 of Fuse after Align prints it: hardly any positive is. A row without a
    positive keeps no negative, and the other way round.
    """
    positive_NN, negative_NN = pairs_of(labels_N)
    weakest_N1 = sims_NN.masked_fill(~positive_NN, math.inf).amin(1, keepdim=True)
    if rule == "intended":
        rival_N1 = sims_NN.masked_fill(~negative_NN, -math.inf).amax(1, keepdim=True)
    else:
        rival_N1 = sims_NN.masked_fill(~negative_NN, math.inf).amin(1, keepdim=True)
        rival_N1 = rival_N1.masked_fill(~negative_NN.any(1, keepdim=True), -math.inf)
    # Written so that NaN is kept, and seen, instead of discarded.
    return positive_NN & ~(sims_NN >= rival_N1 + epsilon), negative_NN & ~(sims_NN <= weakest_N1 - epsilon)


def _log_1_plus_sum(exponents_NN: Tensor, taken_NN: Tensor) -> Tensor:
    """ln(1 + sum of exp over what is taken) of each row; the column of zeros is the 1."""
    return pad(exponents_NN.masked_fill(~taken_NN, -math.inf), (1, 0)).logsumexp(dim=1)
