"""One centre per person that both modalities are drawn to, moved by a rule of its own, not by gradients."""

import torch
from torch import Tensor, nn


class CommonCentres(nn.Module):
    """Centres (I, D), zero at first; they are saved with the model and have no gradient.

    Source: the centre loss of Wen et al. 2016, with items of both modalities around one centre.
    """

    centres_ID: Tensor

    def __init__(self, identities: int, width: int, *, rate: float) -> None:
        """`rate` in (0, 1] is the share of the way that a centre goes at an update."""
        super().__init__()
        self.rate = rate
        self.register_buffer("centres_ID", torch.zeros(identities, width))

    def forward(self, voices_BD: Tensor, faces_BD: Tensor, identity_B: Tensor) -> Tensor:
        """Half the squared distances of a voice and a face to their person's centre, added, (B,)."""
        centres_BD = self.centres_ID[identity_B].to(voices_BD)
        return 0.5 * sum(((items_BD - centres_BD) ** 2).sum(dim=1) for items_BD in (voices_BD, faces_BD))  # type: ignore[return-value]

    @torch.no_grad()
    def move(self, voices_BD: Tensor, faces_BD: Tensor, identity_B: Tensor) -> None:
        """Each centre c of the batch goes to c - rate * sum over its n items of (c - item) / (1 + n)."""
        items_ND = torch.cat([voices_BD, faces_BD]).to(self.centres_ID)
        identity_N = torch.cat([identity_B, identity_B])
        counts_I = torch.bincount(identity_N, minlength=len(self.centres_ID)).to(items_ND)
        sums_ID = torch.zeros_like(self.centres_ID).index_add_(0, identity_N, items_ND)
        pulled_ID = counts_I[:, None] * self.centres_ID - sums_ID
        self.centres_ID -= self.rate * pulled_ID / (1 + counts_I[:, None])
