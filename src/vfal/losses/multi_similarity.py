"""Multi-similarity loss: every pair of a batch counts, hard ones more. One loss per item."""

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize


def multi_similarity(
    embeddings_BD: Tensor, label_B: Tensor, *, alpha: float, beta: float, base: float
) -> Tensor:
    """Multi-similarity loss of every row as anchor, (B,), >= 0, without mining.

    1/alpha ln(1 + sum over positives e^(-alpha (S - base))) + 1/beta ln(1 + sum over negatives
    e^(beta (S - base))), with S the cosine; rows of one label are positives of each other. With base = 1
    only negatives close to the anchor cost anything. Source: Wang et al. 2019, eq. (15), as
    pytorch-metric-learning computes it; settings 2, 50, 1 in my-yy/sl_icmr2022:sl.py.
    """
    unit_BD = normalize(embeddings_BD, dim=1)
    excess_BB = unit_BD @ unit_BD.T - base
    same_BB = label_B[:, None] == label_B[None, :]
    own_BB = torch.eye(len(excess_BB), dtype=torch.bool, device=excess_BB.device)
    return (
        _soft_sum(-alpha * excess_BB, same_BB & ~own_BB) / alpha
        + _soft_sum(beta * excess_BB, ~same_BB) / beta
    )


def paired_multi_similarity(
    voices_BD: Tensor, faces_BD: Tensor, label_B: Tensor, *, alpha: float, beta: float, base: float
) -> Tensor:
    """The same over voices and faces together, (B,): the mean of an item's voice and its face as anchors.

    Pairs within a modality count too. Source: my-yy/sl_icmr2022:sl.py, do_step.
    """
    both = multi_similarity(
        torch.cat([voices_BD, faces_BD]), label_B.repeat(2), alpha=alpha, beta=beta, base=base
    )
    return both.view(2, -1).mean(0)


def _soft_sum(exponent_BB: Tensor, counted_BB: Tensor) -> Tensor:
    """ln(1 + sum over counted columns of e^exponent) of each row."""
    kept_BB = exponent_BB.masked_fill(~counted_BB, -math.inf)
    return torch.cat([kept_BB, kept_BB.new_zeros(len(kept_BB), 1)], dim=1).logsumexp(dim=1)
