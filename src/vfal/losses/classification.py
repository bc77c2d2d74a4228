"""Identity classification: one loss per item."""

import torch
from torch import Tensor
from torch.nn import functional


def cross_entropy(logits_BI: Tensor, identity_B: Tensor) -> Tensor:
    """Cross-entropy of each item in nats, (B,), >= 0.

    Both modalities of "Seeking the Shape of Sound", eq. (1)-(3), go through the same classifier, so
    their logits share the columns. A uniform classifier gives ln I.
    """
    return functional.cross_entropy(logits_BI, identity_B, reduction="none")


def focal(logits_BI: Tensor, identity_B: Tensor, *, gamma: float) -> Tensor:
    """Focal loss of each item, (B,): (1 - p)^gamma x cross-entropy, p = probability of the true identity.

    gamma = 0 is the cross-entropy. Source: Lin et al. 2017, eq. (4).
    """
    loss_B = cross_entropy(logits_BI, identity_B)
    return focal_weight(loss_B, gamma=gamma) * loss_B


def focal_weight(cross_entropy_B: Tensor, *, gamma: float) -> Tensor:
    """(1 - p)^gamma of each item, (B,), in [0, 1]; p = exp(-cross-entropy).

    The public code of "Seeking the Shape of Sound" (utils/loss.py, focal_loss) multiplies these by the
    batch's mean cross-entropy: `reduction.batch_mean(cross_entropy, focal_weight)`.
    """
    missed_B = -torch.expm1(-cross_entropy_B)
    # The floor keeps the slope of the power finite at p = 1 for gamma < 1.
    return missed_B.clamp_min(torch.finfo(missed_B.dtype).tiny).pow(gamma)
