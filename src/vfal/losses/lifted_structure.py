"""Lifted structure: every positive pair against all negatives of both its ends."""

import torch
from torch import Tensor
from torch.nn.functional import normalize


def lifted_structure(
    items_ND: Tensor, identity_N: Tensor, *, negative_margin: float, positive_margin: float
) -> Tensor:
    """Each item's share of the loss as an anchor, (N,), >= 0; their mean is the mean over positive pairs.

    For a pair (a, p) of one identity, in both orders: J = ln(sum exp(m - d(a, n)) + sum exp(m - d(p, n)))
    + d(a, p) - positive_margin, sums over the items n of other identities, d the Euclidean distance of
    unit vectors; the pair costs max(0, J)^2 / 2. Source: Oh Song et al., CVPR 2016, eq. (4), as
    pytorch-metric-learning writes it (LiftedStructureLoss), without the gathering of pairs.
    """
    units_ND = normalize(items_ND, dim=1)
    distances_NN = torch.cdist(units_ND, units_ND)
    same_NN = identity_N[:, None] == identity_N[None, :]
    # Not minus infinity: where an item has no negative at all, its slope would be undefined.
    nothing = torch.finfo(distances_NN.dtype).min / 4
    lifted_N = (negative_margin - distances_NN).masked_fill(same_NN, nothing).logsumexp(dim=1)
    own_NN = torch.eye(len(identity_N), dtype=torch.bool, device=identity_N.device)
    anchor_P, positive_P = (same_NN & ~own_NN).nonzero(as_tuple=True)
    excess_P = torch.logaddexp(lifted_N[anchor_P], lifted_N[positive_P])
    excess_P = excess_P + distances_NN[anchor_P, positive_P] - positive_margin
    loss_P = excess_P.relu().square() / 2
    sum_N = loss_P.new_zeros(len(items_ND)).index_add(0, anchor_P, loss_P)
    return len(sum_N) * sum_N / max(len(loss_P), 1)
