"""Class centres that both modalities share: how far items are from theirs, and how centres follow."""

import torch
from torch import Tensor, nn


def centre_loss(items_BD: Tensor, centres_BD: Tensor) -> Tensor:
    """Half the squared distance of each item to its centre, (B,), >= 0.

    Source: Wen et al., ECCV 2016, eq. (2).
    """
    return 0.5 * (items_BD - centres_BD).square().sum(dim=1)


def centre_steps(items_BD: Tensor, identity_B: Tensor, centres_ID: Tensor) -> Tensor:
    """What each centre is away from its items, (I, D): sum of (centre - item) / (1 + their number).

    0 for who has no item. The 1 keeps the centre of a single item from jumping onto it. Source: Wen et
    al., ECCV 2016, eq. (4).
    """
    count_I = torch.bincount(identity_B, minlength=len(centres_ID)).to(items_BD)
    sum_ID = torch.zeros_like(centres_ID).index_add(0, identity_B, centres_ID[identity_B] - items_BD)
    return sum_ID / (1 + count_I[:, None])


class FollowingCentres(nn.Module):
    """One centre per identity, moved by its own rule and by no optimiser: saved with the model.

    A training step calls the module for the losses and then `follow` with the same items, of both
    modalities together where they share the centres. Centres start at the origin: normal noise of
    variance 1, as some code has it, lies far from any embedding of length 1.
    """

    centres_ID: Tensor

    def __init__(self, identities: int, width: int, *, rate: float) -> None:
        """`rate` in (0, 1]: the share of a step that is gone (Wen et al.: alpha, 0.5)."""
        super().__init__()
        self.rate = rate
        self.register_buffer("centres_ID", torch.zeros(identities, width))

    def forward(self, items_BD: Tensor, identity_B: Tensor) -> Tensor:
        """Centre loss of each item, (B,)."""
        return centre_loss(items_BD, self.centres_ID[identity_B])

    @torch.no_grad()
    def follow(self, items_BD: Tensor, identity_B: Tensor) -> None:
        """Move the centres of these items towards them: c <- c - rate * sum(c - x) / (1 + n)."""
        items_BD = items_BD.detach().to(self.centres_ID)
        self.centres_ID -= self.rate * centre_steps(items_BD, identity_B, self.centres_ID)


class LearnedCentres(nn.Module):
    """One centre per identity, moved by the optimiser that moves everything else.

    The gradient of the losses' mean by a centre is (1 / B) sum(c - x) / (1 + n), not the true derivative:
    a frequent identity does not pull its centre harder. Weights of items act on it as on the loss.
    Source: my-yy/vfal-eva:utils/losses/center_loss_eccv16.py, CenterlossFunc, whose centres start as
    normal noise (`spread` 1).
    """

    def __init__(self, identities: int, width: int, *, spread: float) -> None:
        """`spread` is the standard deviation that the centres start with; 0 starts at the origin."""
        super().__init__()
        self.centres_ID = nn.Parameter(spread * torch.randn(identities, width))

    def forward(self, items_BD: Tensor, identity_B: Tensor) -> Tensor:
        """Centre loss of each item, (B,)."""
        own_BD = self.centres_ID[identity_B]
        count_B = torch.bincount(identity_B, minlength=len(self.centres_ID))[identity_B]
        pull_B = centre_loss(items_BD.detach(), own_BD) / (1 + count_B)
        # Worth nothing, it only carries the centres' gradient.
        return centre_loss(items_BD, own_BD.detach()) + (pull_B - pull_B.detach())
