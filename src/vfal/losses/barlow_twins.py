"""Barlow Twins: the correlation matrix of two views is to be the unit matrix. A loss of the whole batch."""

import torch
from torch import Tensor


def barlow_twins(first_BD: Tensor, second_BD: Tensor, *, off_diagonal: float) -> Tensor:
    """sum over d of (1 - C_dd)^2 + off_diagonal x sum over d != e of C_de^2, a scalar, >= 0.

    C is the correlation (D, D) of the views over the batch, with the unbiased deviation and a division by
    B as published: equal views give a diagonal of (B - 1) / B. A column that does not vary counts as 0
    where the published code divides by 0. Source: my-yy/sl_icmr2022:utils/barlow_loss.py.
    """
    cross_DD = _standardised(first_BD).T @ _standardised(second_BD) / len(first_BD)
    own_D = cross_DD.diagonal()
    return (1 - own_D).square().sum() + off_diagonal * (cross_DD.square().sum() - own_D.square().sum())


def _standardised(views_BD: Tensor) -> Tensor:
    # The floor acts on the variance: a root of 0 has no slope.
    variance_D = views_BD.var(dim=0).clamp_min(torch.finfo(views_BD.dtype).tiny)
    return (views_BD - views_BD.mean(dim=0)) / variance_D.sqrt()
