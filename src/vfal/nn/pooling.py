"""From a sequence of frames to one vector."""

import torch
from torch import Tensor, nn


class SelfAttentivePooling(nn.Module):
    """Frames (B, T, D) to their attention-weighted mean (B, D).

    a_t = softmax over t of tanh(W f_t + b) . q; the result is the sum of a_t f_t. Source:
    clovaai/voxceleb_trainer, pooling "SAP", as used by KID-7391:models/nn/res_se_34l_model.py.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.query = nn.Parameter(nn.init.xavier_normal_(torch.empty(width, 1)))

    def forward(self, frames_BTD: Tensor) -> Tensor:
        """Pooled vector."""
        scores_BT = torch.tanh(self.linear(frames_BTD)) @ self.query
        return (frames_BTD * scores_BT.softmax(dim=1)).sum(dim=1)


class AveragePooling(nn.Module):
    """Frames (B, T, D) to their mean (B, D)."""

    def forward(self, frames_BTD: Tensor) -> Tensor:
        """Pooled vector."""
        return frames_BTD.mean(dim=1)


class MeanStdPooling(nn.Module):
    """Frames (B, T, D) to their mean and standard deviation over time, (B, 2 D)."""

    def forward(self, frames_BTD: Tensor) -> Tensor:
        """Pooled vector; the floor keeps the root's slope finite for a feature that never moves."""
        variance_BD, mean_BD = torch.var_mean(frames_BTD, dim=1, correction=0)
        return torch.cat([mean_BD, variance_BD.clamp_min(1e-5).sqrt()], dim=1)
