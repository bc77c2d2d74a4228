"""Pairs judged by Fuse after Align's multimodal encoder: a list of 65,550, and galleries re-ranked.

The sizes are those of the official lists: verify_v2f_test, and retrieval of 21,850 probes among 20,076
faces, of which the 128 nearest by cosine are judged. Embeddings are random and the encoder untrained: only
seconds are of interest. Device and threads are those of params.yaml's `machine`. The plain form judges one
pair at a time, a part of the work. `python benchmarks/pair_scoring.py [probes]`: three minutes on two cores.
"""

import sys

import numpy as np
import torch

from comparing import PLAIN, compare, demo_params, show
from vfal.core.config.shelf_models import ordered
from vfal.core.seeding import generator
from vfal.method import Crowd, Method
from vfal.training.devices import prepare_device
from vfal.training.shelf import build_model
from vfal.training.shortlists import counts_by_shortlist

PAIRS, PROBES, GALLERY = 65_550, 21_850, 20_076
RIGHT = 80  # of a probe's gallery
PLAIN_PAIRS, PLAIN_PROBES = 500, 2


def main(probes: int) -> None:
    params = demo_params()
    device = prepare_device(params.machine)
    model = ordered(params, "fuse_after_align")
    method = build_model(params, model, Crowd(800, tracks=1600), {"voice": 128, "face": 128}, encoders=None)
    method.to(device).eval()
    width = int(model.settings.model_dump()["width"])
    voices, faces = (
        generator(1, name).standard_normal((PAIRS, width), dtype=np.float32) for name in ("voices", "faces")
    )
    spans = [(0, RIGHT)] * probes

    def judged(count: int, at_once: int) -> None:
        parts = (slice(start, start + at_once) for start in range(0, count, at_once))
        with torch.inference_mode():
            for part in parts:
                method.score_pairs(
                    torch.from_numpy(voices[part]).to(device), torch.from_numpy(faces[part]).to(device)
                )

    def reranked(count: int) -> None:
        counts_by_shortlist(method, voices[:count], faces[:GALLERY], spans[:count], "v2f")

    def one_by_one() -> None:
        for probe in range(PLAIN_PROBES):
            _plainly(method, voices[probe], faces[:GALLERY])

    rows = [
        compare(
            f"{PAIRS:,} pairs",
            {PLAIN: lambda: judged(PLAIN_PAIRS, 1), "ours": lambda: judged(PAIRS, PAIRS)},
            rounds=3,
            per={PLAIN: PLAIN_PAIRS / PAIRS, "ours": 1},
        ),
        compare(
            f"{probes:,} probes x {method.shortlist} of {GALLERY:,}",
            {PLAIN: one_by_one, "ours": lambda: reranked(probes)},
            rounds=1,
            per={PLAIN: PLAIN_PROBES / probes, "ours": 1},
            note="the rest by cosine, counted exactly",
        ),
    ]
    show(f"Judging pairs on {device}, {torch.get_num_threads()} threads", rows, unit="s")


@torch.inference_mode()
def _plainly(method: Method, voice_D: np.ndarray, faces_MD: np.ndarray) -> None:
    """One probe's shortlist, a pair at a time."""
    device = next(method.parameters()).device
    voice, faces = torch.from_numpy(voice_D).to(device), torch.from_numpy(faces_MD).to(device)
    sims_M = torch.cosine_similarity(voice[None], faces)
    for place in sims_M.topk(method.shortlist or 0).indices.tolist():
        method.score_pairs(voice[None], faces[place : place + 1])


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else PROBES)
