"""Networks that choose among a probe's candidates: they score what is shown together, not pairs."""

from itertools import combinations

import torch
from torch import Tensor, nn


class PlaceChooser(nn.Module):
    """One of two, each in its place: probe and candidates side by side through `layers` to two logits."""

    def __init__(self, layers: nn.Module) -> None:
        """`layers` map (B, 3 D) to logits (B, 2)."""
        super().__init__()
        self.layers = layers

    def forward(self, probes_BD: Tensor, candidates_B2D: Tensor) -> Tensor:
        """Logits (B, 2) of the two candidates in the order shown."""
        logits_B2: Tensor = self.layers(torch.cat([probes_BD, candidates_B2D.flatten(1)], dim=1))
        return logits_B2

    def scores(self, probes_TD: Tensor, candidates_TKD: Tensor) -> Tensor:
        """Scores (T, K): each candidate's mean log-odds (nats) against the others, asked in both orders.

        Which of two wins therefore does not depend on the places they stand in.
        """
        size = candidates_TKD.shape[1]
        scores_TK = candidates_TKD.new_zeros(candidates_TKD.shape[:2])
        for first, second in combinations(range(size), 2):
            odds_T = sum(
                sign * (logits_T2[:, 0] - logits_T2[:, 1])
                for sign, places in ((0.5, [first, second]), (-0.5, [second, first]))
                for logits_T2 in [self(probes_TD, candidates_TKD[:, places])]
            )
            scores_TK[:, first] += odds_T
            scores_TK[:, second] -= odds_T
        return scores_TK / (size - 1)


class PooledChooser(nn.Module):
    """One of any number: probe, candidate and the mean of all candidates through `layers` to a logit each."""

    def __init__(self, layers: nn.Module) -> None:
        """`layers` map (B, 3 D) to logits (B, 1)."""
        super().__init__()
        self.layers = layers

    def forward(self, probes_BD: Tensor, candidates_BKD: Tensor) -> Tensor:
        """Logits (B, K); candidates that change places take their logits with them."""
        size = candidates_BKD.shape[1]
        around_BKD = candidates_BKD.mean(dim=1, keepdim=True).expand_as(candidates_BKD)
        probes_BKD = probes_BD[:, None].expand(-1, size, -1)
        rows = torch.cat([probes_BKD, candidates_BKD, around_BKD], dim=2).flatten(0, 1)
        logits_BK: Tensor = self.layers(rows).reshape(-1, size)
        return logits_BK

    def scores(self, probes_TD: Tensor, candidates_TKD: Tensor) -> Tensor:
        """The logits (T, K)."""
        logits_TK: Tensor = self(probes_TD, candidates_TKD)
        return logits_TK


class FirstIsRight(nn.Module):
    """A logit (B, 1) that the first of two is right, as two logits: binary cross-entropy becomes plain."""

    def forward(self, logit_B1: Tensor) -> Tensor:
        """Logits (B, 2): the given one, and zero."""
        return torch.cat([logit_B1, torch.zeros_like(logit_B1)], dim=1)


class PairwiseMaximum(nn.Module):
    """The larger of each two neighbouring features: (B, 2 D) to (B, D)."""

    def forward(self, features_BD: Tensor) -> Tensor:
        """Features (B, D)."""
        return features_BD.reshape(len(features_BD), -1, 2).amax(dim=2)
