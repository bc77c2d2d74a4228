"""How far a pair is to be trusted, judged by the other pairs of its batch."""

import math

import torch
from torch import Tensor


@torch.no_grad()
def agreement(
    voices_BD: Tensor, faces_BD: Tensor, centres_voice_RBD: Tensor, centres_face_RBD: Tensor
) -> Tensor:
    """How much closer a voice and its face are than their prototypes, (B,).

    The cosine of the pair, minus the sum over granularities R of the products of its clusters' centres,
    which are not normalised. Source: CMPC; Cocoxili/CMPC:experiments/cmpc/criterions/cmpc.py, IR_CMPC.
    """
    own_B = torch.cosine_similarity(voices_BD, faces_BD, dim=1)
    return own_B - (centres_voice_RBD * centres_face_RBD).sum(dim=(0, 2))


@torch.no_grad()
def gaussian_trust(agreement_B: Tensor, *, shift: float, spread: float) -> Tensor:
    """Weights (B,) in (0, 1): the normal distribution function at each agreement.

    Its mean is the batch's mean plus `shift` deviations, its variance `spread` x the batch's. Equal
    agreements all weigh 1.
    """
    mean, deviation = _of_the_batch(agreement_B, shift, spread)
    if not deviation > 0:
        return torch.ones_like(agreement_B)
    return 0.5 * torch.erfc(-(agreement_B - mean) / (deviation * math.sqrt(2)))


@torch.no_grad()
def cumulative_trust(agreement_B: Tensor, *, shift: float, spread: float) -> Tensor:
    """The released form, (B,) in (0, 1]: running sums of the normal density at the sorted agreements.

    Divided by the last. The points do not lie evenly, so it is no distribution function: where many
    agree alike, it rises steeply. Source: Cocoxili/CMPC:experiments/cmpc/criterions/cmpc.py, IR_CMPC.
    """
    mean, deviation = _of_the_batch(agreement_B, shift, spread)
    if not deviation > 0:
        return torch.ones_like(agreement_B)
    sorted_B, order_B = agreement_B.sort(stable=True)
    # Relative to the largest, which cancels in the division and keeps far tails above 0.
    exponent_B = -(((sorted_B - mean) / deviation).square()) / 2
    running_B = (exponent_B - exponent_B.max()).exp().cumsum(0)
    return torch.empty_like(running_B).scatter_(0, order_B, running_B / running_B[-1])


def _of_the_batch(agreement_B: Tensor, shift: float, spread: float) -> tuple[Tensor, Tensor]:
    deviation = agreement_B.std(correction=0)
    return agreement_B.mean() + shift * deviation, math.sqrt(spread) * deviation
