"""Classification of a covariate that is not known of everybody: one loss per item."""

from torch import Tensor
from torch.nn import functional

UNKNOWN = -1


def known_cross_entropy(logits_BC: Tensor, label_B: Tensor) -> Tensor:
    """Cross-entropy (B,) of each item's label, in nats; 0, and no gradient, where it is -1 (unknown)."""
    return functional.cross_entropy(logits_BC, label_B, ignore_index=UNKNOWN, reduction="none")
