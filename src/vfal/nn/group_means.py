"""Means of vectors by group, without holding all vectors."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

MADE_AT_ONCE = 1024  # vectors


def group_means(parts: Iterable[tuple[Tensor, Tensor]], groups: int) -> Tensor:
    """Mean (G, D) of each group's vectors; `parts` are (vectors (N, D), their groups (N,)).

    A group without vectors is a row of zeros.
    """
    sums_GD, count_G = None, None
    for vectors_ND, group_N in parts:
        if sums_GD is None or count_G is None:
            sums_GD = vectors_ND.new_zeros(groups, vectors_ND.shape[1])
            count_G = torch.zeros(groups, dtype=torch.long, device=vectors_ND.device)
        sums_GD.index_add_(0, group_N, vectors_ND)
        count_G += torch.bincount(group_N, minlength=groups)
    if sums_GD is None or count_G is None:
        raise ValueError("means of nothing: no part was given")
    return sums_GD / count_G.clamp_min(1)[:, None].to(sums_GD)


def means_as_made(make: Callable[[Tensor], Tensor], group_N: Tensor, groups: int) -> Tensor:
    """Mean (G, D) of each group's vectors, which `make` makes (B, D) of their places (B,) in `group_N`."""
    places = torch.split(torch.arange(len(group_N)), MADE_AT_ONCE)
    return group_means(zip(map(make, places), torch.split(group_N, MADE_AT_ONCE), strict=True), groups)
