"""A game about modality: what a critic makes small that tells voices from faces, and who confuses it."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from vfal.core.types import Modality

CLASS_OF: dict[Modality, int] = {"face": 0, "voice": 1}  # columns of a critic's logits (AML: dataset.py)


def modality_loss(logits_B2: Tensor, modality: Modality, *, swapped: bool) -> Tensor:
    """Cross-entropy in nats (B,) of a critic's logits for items that are all of one modality.

    `swapped` names the other modality as the right answer: what encoders make small to be taken for it.
    Unlike a negated loss, its gradient is largest where the critic is sure.
    Source: w1018979952/DSANet:train.py.
    """
    label = CLASS_OF[modality] ^ int(swapped)
    label_B = torch.full((len(logits_B2),), label, dtype=torch.int64, device=logits_B2.device)
    return cross_entropy(logits_B2, label_B, reduction="none")
