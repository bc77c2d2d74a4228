"""Matching questions made of a batch: a person's own candidate among those of others, in random order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from vfal.core.types import Modality

OTHER: dict[Modality, Modality] = {"voice": "face", "face": "voice"}


def with_others(identity_B: Tensor, candidates: int) -> Tensor:
    """Rows (B, K) of the batch: first the person's own row, then K - 1 random rows of other people.

    Drawn from torch's global generator, no row twice for one person. Raises `ValueError` when a person
    has fewer than K - 1 rows of others beside it.
    """
    others_BB = identity_B[:, None] != identity_B[None, :]
    fewest = int(others_BB.sum(dim=1).min())
    if fewest < candidates - 1:
        raise ValueError(
            f"questions of {candidates} candidates: a batch with only {fewest} rows of other people; raise "
            "batch_size or ask for fewer candidates"
        )
    own_B = torch.arange(len(identity_B), device=identity_B.device)
    return torch.cat([own_B[:, None], others_BB.float().multinomial(candidates - 1)], dim=1)


def in_random_order(rows_BK: Tensor) -> tuple[Tensor, Tensor]:
    """The same rows, each question's shuffled for itself, and where its first row went, (B,)."""
    order_BK = torch.rand(rows_BK.shape, device=rows_BK.device).argsort(dim=1)
    return rows_BK.gather(1, order_BK), (order_BK == 0).int().argmax(dim=1)


@dataclass(frozen=True)
class OneOfTwo:
    """Questions which of two candidates is the probe's person, one per row of a batch.

    `wrong_B` are the rows of the other candidates, `shown_B2` the rows of both in the order shown, and
    `place_B` is where the right one stands among them. Probes are items of modality `anchor`.
    """

    anchor: Modality
    wrong_B: Tensor
    shown_B2: Tensor
    place_B: Tensor

    @classmethod
    def drawn(cls, anchor: Modality, identity_B: Tensor) -> Self:
        """Random wrong candidates in random order, from torch's global generator."""
        rows_B2 = with_others(identity_B, 2)
        return cls(anchor, rows_B2[:, 1], *in_random_order(rows_B2))

    def parts(self, items: Mapping[Modality, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Probes, right and wrong candidates, (B, D) each, among embeddings of both modalities."""
        candidates_BD = items[OTHER[self.anchor]]
        return items[self.anchor], candidates_BD, candidates_BD[self.wrong_B]

    def side_by_side(self, items: Mapping[Modality, Tensor]) -> Tensor:
        """Probe, first and second candidate in one row, (B, 3 D)."""
        candidates_BD = items[OTHER[self.anchor]]
        shown = [candidates_BD[rows_B] for rows_B in self.shown_B2.unbind(dim=1)]
        return torch.cat([items[self.anchor], *shown], dim=1)
