"""Dual enhancement: one random block of the features is suppressed in one branch, enhanced in the other."""

from typing import Literal

import torch
from torch import Tensor, nn


class DualEnhancement(nn.Module):
    """Features (B, R, P), R rows of P places, to a suppressed and an enhanced version of the same shape.

    The rows and places are cut into `grid` x `grid` blocks and one is drawn for each item. What stands in
    it above the item's mean is multiplied by 1 - `suppress` and by 1 + `enhance`. With `blocks: official`
    the blocks are those of the released code: the first of 16 three times as likely as the others, the
    last two never, and nothing marked in the last row and column of blocks, as their slices end before
    they begin. Source: w1018979952/DSANet:Dual_Enhancement.py.
    """

    chances: Tensor

    def __init__(
        self, *, grid: int, blocks: Literal["uniform", "official"], suppress: float, enhance: float
    ) -> None:
        super().__init__()
        if blocks == "official" and grid < 2:
            raise ValueError(f"the released code's blocks want a grid of at least 2, found {grid}")
        self.grid, self.blocks, self.suppress, self.enhance = grid, blocks, suppress, enhance
        chances = torch.ones(grid * grid)
        if blocks == "official":
            chances[0], chances[-2:] = 3.0, 0.0
        self.register_buffer("chances", chances, persistent=False)

    def forward(self, features_BRP: Tensor) -> tuple[Tensor, Tensor]:
        """The suppressed and the enhanced features; blocks are drawn from torch's global generator."""
        block_B = self.chances.multinomial(len(features_BRP), replacement=True)
        marked_BRP = self.block_masks(block_B, features_BRP.shape[1], features_BRP.shape[2])
        above_BRP = features_BRP > features_BRP.mean(dim=(1, 2), keepdim=True)
        peaks_BRP = features_BRP * (marked_BRP & above_BRP)
        return features_BRP - self.suppress * peaks_BRP, features_BRP + self.enhance * peaks_BRP

    def block_masks(self, block_B: Tensor, rows: int, places: int) -> Tensor:
        """Where each item's block is, (B, rows, places); blocks count along the places first."""
        grid, device = self.grid, block_B.device
        row_R = (torch.arange(rows, device=device) * grid).div(rows, rounding_mode="floor")
        place_P = (torch.arange(places, device=device) * grid).div(places, rounding_mode="floor")
        if self.blocks == "official":
            row_R, place_P = (found.masked_fill(found == grid - 1, -1) for found in (row_R, place_P))
        down_B, along_B = block_B.div(grid, rounding_mode="floor"), block_B % grid
        in_rows_BR = row_R[None] == down_B[:, None]
        in_places_BP = place_P[None] == along_B[:, None]
        return in_rows_BR[:, :, None] & in_places_BP[:, None, :]
