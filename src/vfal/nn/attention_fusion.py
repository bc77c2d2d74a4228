"""Two embeddings fused by attention: a gate per dimension, read from where both are active."""

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu


class AttentionFusion(nn.Module):
    """Faces and voices (B, D) to fused embeddings (B, D): gate x face + (1 - gate) x voice.

    The gate is the sigmoid of a convolution, `kernel` dimensions wide, over gelu(face) x gelu(voice).
    Source: hannabdul/paeff:src/retrieval_model.py, Fusion_Attn (enhanced gated feature fusion).
    """

    def __init__(self, *, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 1, kernel, padding=kernel // 2)

    def forward(self, faces_BD: Tensor, voices_BD: Tensor) -> Tensor:
        """Fused embeddings, (B, D)."""
        both_BD = gelu(faces_BD) * gelu(voices_BD)
        gate_BD = torch.sigmoid(self.conv(both_BD[:, None]).squeeze(1))
        return gate_BD * faces_BD + (1 - gate_BD) * voices_BD
