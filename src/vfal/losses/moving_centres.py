"""Centres of identities that follow the embeddings: what centre and Git losses measure from."""

from typing import Literal

import torch
from torch import Tensor, nn

Update = Literal["damped", "per_item"]


class MovingCentres(nn.Module):
    """One centre per identity, whatever the modality: moved by `move`, never by a gradient.

    A centre begins at the mean of the first items seen of its identity, not at random: random centres
    are far from embeddings of length 1, and the loss would first be about that distance alone.

    `damped`:   c <- c + rate x sum(u - c) / (1 + n)   over the identity's n items of a batch
    `per_item`: c <- c + rate x sum(u - c)             which overshoots once rate x n is above 1

    Sources: Wen et al., ECCV 2016, eq. (4), and the Git loss of msaadsaeed/SBNet:ssnet_cent_git
    (`damped`, rate 0.5); its centre loss, after FaceNet's (`per_item`, rate 1 - 0.3). Their operations
    are built there and never run.
    """

    centres_ID: Tensor
    seen_I: Tensor

    def __init__(self, identities: int, width: int, *, update: Update, rate: float) -> None:
        super().__init__()
        self.update, self.rate = update, rate
        self.register_buffer("centres_ID", torch.zeros(identities, width))
        self.register_buffer("seen_I", torch.zeros(identities, dtype=torch.bool))

    @torch.no_grad()
    def begin(self, embeddings_BD: Tensor, identity_B: Tensor) -> None:
        """Set the centres of identities never seen before to the mean of their items."""
        new_B = ~self.seen_I[identity_B]
        sum_ID, count_I = self._totals(embeddings_BD[new_B], identity_B[new_B])
        new_I = count_I > 0
        means_ID = sum_ID / count_I.clamp_min(1)[:, None]
        self.centres_ID.copy_(torch.where(new_I[:, None], means_ID, self.centres_ID))
        self.seen_I |= new_I

    def of(self, identity_B: Tensor) -> Tensor:
        """Centres (B, D) of the identities of a batch."""
        return self.centres_ID[identity_B]

    @torch.no_grad()
    def move(self, embeddings_BD: Tensor, identity_B: Tensor) -> None:
        """Move the centres of a batch's identities towards its items."""
        away_BD = embeddings_BD.detach().to(self.centres_ID) - self.of(identity_B)
        sum_ID, count_I = self._totals(away_BD, identity_B)
        if self.update == "damped":
            sum_ID = sum_ID / (1 + count_I)[:, None]
        self.centres_ID += self.rate * sum_ID

    def _totals(self, values_BD: Tensor, identity_B: Tensor) -> tuple[Tensor, Tensor]:
        """Sums (I, D) and counts (I,) by identity."""
        sum_ID = torch.zeros_like(self.centres_ID)
        sum_ID.index_add_(0, identity_B, values_BD.detach().to(sum_ID))
        count_I = torch.bincount(identity_B, minlength=len(sum_ID)).to(sum_ID)
        return sum_ID, count_I
