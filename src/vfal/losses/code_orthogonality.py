"""How far shared and private codes overlap: one share per item of the published scalars.

Source: "Detach and Enhance" (ICDM 2022) as read by my-yy/vfal-eva:models/de_hq3_model.py. Codes that are
never negative (behind a ReLU) make every term >= 0; all of them are 0 for codes that do not overlap.
"""

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity


def own_overlap(first_BD: Tensor, second_BD: Tensor) -> Tensor:
    """Cosine of each item's two codes, (B,), signed: the instance level. 0 for a code of zeros."""
    return cosine_similarity(first_BD, second_BD, dim=1, eps=1e-12)


def mutual_overlap(first_BD: Tensor, second_BD: Tensor) -> Tensor:
    """Each item's share of the Frobenius norm |A B'|_F, (B,), whose mean is that norm.

    Item i's share is its row's sum of squares over the norm, times B: the mutual level, and the level of
    "and" and "or" codes. Codes that nowhere overlap give 0 and no gradient.
    """
    products_BB = first_BD @ second_BD.T
    norm = torch.linalg.matrix_norm(products_BB).clamp_min(torch.finfo(products_BB.dtype).tiny)
    shares_B: Tensor = len(products_BB) * products_BB.square().sum(1) / norm
    return shares_B
