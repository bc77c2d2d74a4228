"""A layer that trains what comes before it against what comes after."""

from torch import Tensor


def reversed_gradient(values: Tensor) -> Tensor:
    """The same values, bit for bit; the gradient through them changes its sign.

    A classifier behind it learns to tell, and what feeds it learns to be untellable. Source: Ganin and
    Lempitsky 2015.
    """
    return 2 * values.detach() - values
