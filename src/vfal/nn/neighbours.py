"""Who is nearest to whom, across modalities."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

BLOCK_VALUES = 4_000_000  # cosines held at once


@torch.no_grad()
def nearest(probes_ND: Tensor, gallery_MD: Tensor, count: int) -> Tensor:
    """The `count` gallery rows (N, count) of largest cosine with each probe, the nearest first."""
    units_MD = normalize(gallery_MD, dim=1)
    rows = max(BLOCK_VALUES // len(units_MD), 1)
    blocks = torch.split(normalize(probes_ND, dim=1), rows)
    return torch.cat([(block_ND @ units_MD.T).topk(count, dim=1).indices for block_ND in blocks])
