"""Networks that choose among a probe's candidates: they score what is shown together, not pairs."""

from abc import ABC, abstractmethod
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear


class SideBySide(nn.Linear):
    """A linear layer on a probe and two more vectors side by side, taken apart.

    Each vector is multiplied once, however many questions it is shown in and wherever it stands there.
    """

    def __init__(self, width: int, outputs: int) -> None:
        """`width` is that of each of the three vectors."""
        super().__init__(3 * width, outputs)

    def apart(self, probes_BD: Tensor, candidates_MD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Shares (B, outputs) of probes, with the bias, and (M, outputs) of candidates in either place."""
        probe, second, third = self.weight.chunk(3, dim=1)
        return (
            linear(probes_BD, probe, self.bias),
            linear(candidates_MD, second),
            linear(candidates_MD, third),
        )


class Chooser(nn.Module, ABC):
    """`first` takes probe and candidates side by side, `layers` what comes of it to logits."""

    def __init__(self, first: SideBySide, layers: nn.Module) -> None:
        super().__init__()
        self.first, self.layers = first, layers

    def forward(self, probes_BD: Tensor, candidates_MD: Tensor, shown_QBK: Tensor) -> Tensor:
        """Logits (..., B, K) of the candidates `shown_QBK` (..., B, K), rows of `candidates_MD`."""
        return self._logits(self.first.apart(probes_BD, candidates_MD), shown_QBK)

    @abstractmethod
    def scores(self, probes_TD: Tensor, candidates_TKD: Tensor) -> Tensor:
        """Scores (T, K) of each probe's own candidates; their order does not matter."""

    @abstractmethod
    def _logits(self, shares: tuple[Tensor, Tensor, Tensor], shown_QBK: Tensor) -> Tensor: ...

    def _own(self, probes_TD: Tensor, candidates_TKD: Tensor) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor]:
        shown_TK = torch.arange(candidates_TKD.shape[:2].numel(), device=candidates_TKD.device)
        shares = self.first.apart(probes_TD, candidates_TKD.flatten(0, 1))
        return shares, shown_TK.reshape(candidates_TKD.shape[:2])


class PlaceChooser(Chooser):
    """One of two, each in its place; `layers` give two logits."""

    def scores(self, probes_TD: Tensor, candidates_TKD: Tensor) -> Tensor:
        """Scores (T, K): each candidate's mean log-odds (nats) against the others, asked in both orders.

        Which of two wins therefore does not depend on the places they stand in.
        """
        size = candidates_TKD.shape[1]
        shares, shown_TK = self._own(probes_TD, candidates_TKD)
        scores_TK = candidates_TKD.new_zeros(candidates_TKD.shape[:2])
        for first, second in combinations(range(size), 2):
            odds_T = sum(
                sign * (logits_T2[:, 0] - logits_T2[:, 1])
                for sign, places in ((0.5, [first, second]), (-0.5, [second, first]))
                for logits_T2 in [self._logits(shares, shown_TK[:, places])]
            )
            scores_TK[:, first] += odds_T
            scores_TK[:, second] -= odds_T
        return scores_TK / (size - 1)

    def _logits(self, shares: tuple[Tensor, Tensor, Tensor], shown_QBK: Tensor) -> Tensor:
        probe_BH, left_MH, right_MH = shares
        hidden_QBH = probe_BH + left_MH[shown_QBK[..., 0]] + right_MH[shown_QBK[..., 1]]
        logits_QBK: Tensor = self.layers(hidden_QBH.flatten(0, -2)).reshape(shown_QBK.shape)
        return logits_QBK


class PooledChooser(Chooser):
    """One of any number: probe, candidate and the mean of all candidates; `layers` give a logit each."""

    def scores(self, probes_TD: Tensor, candidates_TKD: Tensor) -> Tensor:
        """The logits (T, K); candidates that change places take them with them."""
        return self._logits(*self._own(probes_TD, candidates_TKD))

    def _logits(self, shares: tuple[Tensor, Tensor, Tensor], shown_QBK: Tensor) -> Tensor:
        probe_BH, own_MH, around_MH = shares
        around_QBH = around_MH[shown_QBK].mean(dim=-2)
        hidden_QBKH = (probe_BH + around_QBH)[..., None, :] + own_MH[shown_QBK]
        logits_QBK: Tensor = self.layers(hidden_QBKH.flatten(0, -2)).reshape(shown_QBK.shape)
        return logits_QBK


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
