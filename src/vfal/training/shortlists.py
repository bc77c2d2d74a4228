"""Retrieval for methods that judge pairs dearly: they order a shortlist, the cosine orders the rest."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from vfal.core.types import Direction
from vfal.evaluation.ranking import Tally
from vfal.evaluation.scoring import Counts
from vfal.method import Method

SCORES_AT_ONCE = 1 << 20  # cosines held at a time


@torch.no_grad()
def counts_by_shortlist(
    method: Method,
    probes_BD: NDArray[np.float32],
    gallery_MD: NDArray[np.float32],
    spans: list[tuple[int, int]],
    direction: Direction,
) -> Counts:
    """What `ranking.Tally` holds for each probe, when `method.shortlist` of its gallery are judged as pairs.

    `spans` are the places of each probe's right items. A probe's order depends on itself and the gallery
    alone, in both directions, and not on which other probes are asked with it.
    """
    device = next(method.parameters()).device
    probes, gallery = torch.from_numpy(probes_BD).to(device), torch.from_numpy(gallery_MD).to(device)
    counts = []
    height = max(1, SCORES_AT_ONCE // len(gallery))
    for start in range(0, len(probes), height):
        part = slice(start, start + height)
        scores_BM = shortlisted(method, probes[part], gallery, direction).double().cpu().numpy()
        for scores_M, (first, stop) in zip(scores_BM, spans[part], strict=True):
            tally = Tally(np.sort(scores_M[first:stop]))
            tally.add(scores_M)
            counts.append((tally.rising_R, tally.at_least_R, tally.above_R))
    return counts


def shortlisted(method: Method, probes_BD: Tensor, gallery_MD: Tensor, direction: Direction) -> Tensor:
    """Scores (B, M) that order a gallery for each probe: the nearest `method.shortlist` by cosine go first,
    as `score_pairs` orders them; the rest follow as the cosine orders them, each below all of those."""
    sims_BM = normalize(probes_BD, dim=1) @ normalize(gallery_MD, dim=1).T
    size = min(method.shortlist or 0, len(gallery_MD))
    if not size:
        return sims_BM
    near_BK = sims_BM.topk(size, dim=1).indices
    asking_PD, asked_PD = probes_BD.repeat_interleave(size, dim=0), gallery_MD[near_BK.flatten()]
    pairs = (asking_PD, asked_PD) if direction == "v2f" else (asked_PD, asking_PD)
    judged_BK = method.score_pairs(*pairs).view(near_BK.shape)
    below_B1 = judged_BK.amin(1, keepdim=True) - 2  # two cosines differ by 2 at most
    return (sims_BM - sims_BM.amax(1, keepdim=True) + below_B1).scatter(1, near_BK, judged_BK)
