import math

import pytest
import torch
from torch import Tensor

from vfal.nn.attention_fusion import AttentionFusion


def gelu(value: float) -> float:
    return 0.5 * value * (1 + math.erf(value / math.sqrt(2)))


def by_loop(face: list[float], voice: list[float], taps: list[float], bias: float) -> list[float]:
    both = [gelu(f) * gelu(v) for f, v in zip(face, voice, strict=True)]
    reach, fused = len(taps) // 2, []
    for d in range(len(face)):
        around = [both[d + o - reach] if 0 <= d + o - reach < len(both) else 0.0 for o in range(len(taps))]
        gate = 1 / (1 + math.exp(-bias - sum(t * b for t, b in zip(taps, around, strict=True))))
        fused.append(gate * face[d] + (1 - gate) * voice[d])
    return fused


def test_the_gate_looks_at_the_neighbouring_dimensions_of_both() -> None:
    torch.manual_seed(0)
    fusion = AttentionFusion(kernel=5).double()
    faces_BD, voices_BD = torch.randn(3, 9).double(), torch.randn(3, 9).double()
    found_BD: Tensor = fusion(faces_BD, voices_BD)
    taps, bias = fusion.conv.weight.flatten().tolist(), fusion.conv.bias
    assert found_BD.shape == (3, 9) and bias is not None
    for found_D, face_D, voice_D in zip(found_BD, faces_BD, voices_BD, strict=True):
        expected = by_loop(face_D.tolist(), voice_D.tolist(), taps, bias.item())
        assert found_D.tolist() == pytest.approx(expected, rel=1e-9)


def test_equal_embeddings_stay_as_they_are() -> None:
    values_BD = torch.randn(4, 6)
    torch.testing.assert_close(AttentionFusion(kernel=3)(values_BD, values_BD), values_BD)
