"""Several items of a person in a batch: which is whose sibling, and who is a negative of whom."""

from torch import Tensor


def sibling_places(identity_B: Tensor) -> Tensor:
    """Place (B,) of the next item of the same identity, the first one after the last; its own if alone."""
    same_BB = identity_B[:, None] == identity_B[None, :]
    view_B, count_B = view_numbers(identity_B), same_BB.sum(1)
    wanted_B1 = ((view_B + 1) % count_B)[:, None]
    return (same_BB & (view_B[None, :] == wanted_B1)).int().argmax(1)


def view_numbers(identity_B: Tensor) -> Tensor:
    """How many earlier rows of the batch (B,) are of the same identity: 0 for the first, 1 for the second."""
    same_BB = identity_B[:, None] == identity_B[None, :]
    return same_BB.tril(-1).sum(1)


def no_negatives(identity_B: Tensor) -> Tensor:
    """True (B, B) where row j is no negative of row i: the same identity, or another view number.

    So every other identity is a negative once, however many items of it the batch holds.
    """
    view_B = view_numbers(identity_B)
    return (identity_B[:, None] == identity_B[None, :]) | (view_B[:, None] != view_B[None, :])
