"""The published networks, forward and backward: memory formats and precisions on this processor.

fp32 in NCHW is how the published code runs them. bf16 is tried only where torch says that the processor
computes in it; elsewhere it would be emulated, and slower than fp32.
"""

from collections.abc import Callable
from contextlib import nullcontext
from copy import deepcopy

import torch
from torch import Tensor, nn

from comparing import Row, compare, show
from vfal.nn.catalogue import make_encoder

REFERENCE = "fp32, NCHW"
BATCH = 8
VOICE_S = 2.5


def main() -> None:
    torch.manual_seed(1)
    faces = torch.rand(BATCH, 3, 112, 112) * 2 - 1
    small_faces = torch.rand(64, 3, 64, 64) * 2 - 1
    voices = torch.randn(BATCH, int(VOICE_S * 16_000)) * 1000
    rows = [
        _network("ir_50", make_encoder("ir_50", "face"), faces, rounds=2),
        _network("resnet_se_34l", make_encoder("resnet_se_34l", "voice"), voices, rounds=3),
        _network(
            "small_face", make_encoder("small_face", "face", channels=20, width=128), small_faces, rounds=5
        ),
    ]
    show("Forward and backward of one batch", rows)


def _network(name: str, network: nn.Module, inputs: Tensor, *, rounds: int) -> Row:
    """Every way on the same weights; they differ by rounding only, and the worst cosine is in the note."""
    ways = {
        "fp32, NCHW": (torch.contiguous_format, None),
        "fp32, channels_last": (torch.channels_last, None),
    }
    if torch.ops.mkldnn._is_mkldnn_bf16_supported():
        ways["bf16, NCHW"] = (torch.contiguous_format, torch.bfloat16)
        ways["bf16, channels_last"] = (torch.channels_last, torch.bfloat16)
    works = {way: _step(network, inputs, layout, kind) for way, (layout, kind) in ways.items()}
    with torch.no_grad():
        features = {way: work(train=False) for way, work in works.items()}
    exact = features[REFERENCE]
    least = min(float(nn.functional.cosine_similarity(exact, other).min()) for other in features.values())
    what = f"{name}, {len(inputs)} items"
    return compare(what, works, rounds=rounds, reference=REFERENCE, note=f"least cosine to fp32: {least:.4f}")


def _step(
    network: nn.Module, inputs: Tensor, layout: torch.memory_format, kind: torch.dtype | None
) -> Callable[..., Tensor]:
    """A step of a copy of the network, weights and inputs in the given layout."""
    network = deepcopy(network).to(memory_format=layout)
    batch = inputs.contiguous(memory_format=layout) if inputs.ndim == 4 else inputs

    def step(train: bool = True) -> Tensor:
        network.train(train)
        with torch.autocast("cpu", dtype=kind) if kind else nullcontext():
            features = network(batch)
        if train:
            network.zero_grad(set_to_none=True)
            features.float().square().mean().backward()
        return features.detach().float()

    return step


if __name__ == "__main__":
    main()
