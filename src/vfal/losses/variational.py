"""Variational codes: drawing one, and what it costs to be different from the prior."""

import torch
from torch import Tensor


def drawn(mean_BD: Tensor, log_variance_BD: Tensor) -> Tensor:
    """One draw (B, D) of each Gaussian, with a gradient to both moments. Source: Kingma and Welling 2014."""
    return mean_BD + torch.randn_like(mean_BD) * (0.5 * log_variance_BD).exp()


def divergence_from_normal(mean_BD: Tensor, log_variance_BD: Tensor) -> Tensor:
    """KL divergence of N(mean, variance) from N(0, I) in nats, summed over dimensions, (B,), >= 0.

    Source: Kingma and Welling 2014, appendix B.
    """
    return 0.5 * (mean_BD.square() + log_variance_BD.exp() - 1 - log_variance_BD).sum(1)
