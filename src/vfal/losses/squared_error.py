"""How far vectors are from what they should be: one loss per item."""

from torch import Tensor


def squared_error(found_BD: Tensor, wanted_BD: Tensor) -> Tensor:
    """Mean over the width of the squared difference, (B,), >= 0; its mean over items is the usual MSE."""
    return (found_BD - wanted_BD).square().mean(dim=1)
