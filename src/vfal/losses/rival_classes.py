"""Binary cross-entropies of the true class and of those that come close to the best score."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot


def rival_classes_loss(logits_BC: Tensor, class_B: Tensor, *, slack: float) -> Tensor:
    """Sum of binary cross-entropies in nats (B,) over the true class and its rivals, >= 0.

    A rival is a class whose probability (sigmoid) is above the largest one less `slack`; a class that is
    far from winning costs nothing, other than in plain binary cross-entropy.
    Source: w1018979952/DSANet:Amce.py (slack 0.1).
    """
    true_BC = one_hot(class_B, logits_BC.shape[1])
    probability_BC = logits_BC.detach().sigmoid()
    near_BC = probability_BC > probability_BC.amax(dim=1, keepdim=True) - slack
    counted_BC = torch.logical_or(near_BC, true_BC.bool())
    loss_BC = binary_cross_entropy_with_logits(logits_BC, true_BC.to(logits_BC), reduction="none")
    return (loss_BC * counted_BC).sum(dim=1)
