"""Fusion of a person's voice and face into one vector; a device of training, not of scoring."""

import torch
from torch import Tensor, nn

from vfal.nn.unit_branch import begin, hold_bias


class GatedFusion(nn.Module):
    """z = g tanh(x) + (1 - g) tanh(v), coordinate by coordinate, (B, width), of a face x and a voice v.

    The gate g = sigmoid(W2 ReLU(BN(W1 [x; v]))) is in (0, 1). Source: "Fusion and Orthogonal Projection
    for Improved Face-Voice Association" section 2.1; msaadsaeed/FOP:retrieval_model.py, GatedFusion.
    """

    def __init__(self, width: int, *, gate_width: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.Linear(2 * width, gate_width),
            nn.BatchNorm1d(gate_width),
            nn.ReLU(),
            nn.Linear(gate_width, width),
            nn.Sigmoid(),
        )
        begin(self.modules())
        hold_bias(self.gate)

    def forward(self, voices_BD: Tensor, faces_BD: Tensor) -> Tensor:
        """Fused vectors (B, width); row i of both is one person."""
        gate_BD = self.gate(torch.cat([faces_BD, voices_BD], dim=1))
        fused_BD: Tensor = gate_BD * self.alone(faces_BD) + (1 - gate_BD) * self.alone(voices_BD)
        return fused_BD

    def alone(self, vectors_BD: Tensor) -> Tensor:
        """What is fused, and compared in evaluation: tanh of one modality's vectors, (B, width)."""
        return vectors_BD.tanh()


class LinearFusion(nn.Module):
    """z = a x + b v, (B, width), of a face x and a voice v; the scalars a and b start in [0, 1).

    Source: msaadsaeed/FOP:retrieval_model.py, LinearWeightedAvg.
    """

    def __init__(self) -> None:
        super().__init__()
        self.face_share = nn.Parameter(torch.rand(1))
        self.voice_share = nn.Parameter(torch.rand(1))

    def forward(self, voices_BD: Tensor, faces_BD: Tensor) -> Tensor:
        """Fused vectors (B, width); row i of both is one person."""
        return self.face_share * faces_BD + self.voice_share * voices_BD

    def alone(self, vectors_BD: Tensor) -> Tensor:
        """What is fused, and compared in evaluation: the vectors (B, width) as they are."""
        return vectors_BD
