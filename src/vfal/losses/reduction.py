"""From one loss per item to the number that is made small."""

from torch import Tensor


def weighted_mean(loss_B: Tensor, weight_B: Tensor) -> Tensor:
    """mean over items of weight x loss, a scalar: every weight acts on its own identity.

    Divided by B, not by the sum of weights. Source: "Seeking the Shape of Sound" eq. (8)-(11).
    """
    return (loss_B * weight_B.to(loss_B)).mean()


def batch_mean(loss_B: Tensor, weight_B: Tensor) -> Tensor:
    """mean loss x mean weight, a scalar: the weights do not tell the items of a batch apart.

    What the published code does to both classification losses (KID-7391:utils/loss.py,
    cross_entropy_loss); equal to `weighted_mean` when all weights of the batch are equal.
    """
    return loss_B.mean() * weight_B.to(loss_B).mean()
