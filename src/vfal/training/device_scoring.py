"""Cosine scores and ranks on a GPU: the same numbers as `evaluation.scoring.Cosine`, in float64."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from vfal.core.errors import MachineError
from vfal.core.types import Direction
from vfal.evaluation.embeddings import Items
from vfal.evaluation.scoring import Cosine, Counts, Scorer
from vfal.metrics import Floats

GALLERY_AT_ONCE = 1 << 16  # gallery items scored in one product


class DeviceCosine(Scorer):
    """Cosine similarity in float64 on a device of torch; vectors lie there, counts come back."""

    limits = Cosine.limits
    symmetric = True

    def __init__(self, device: str) -> None:
        """Raises `MachineError` when the device is not there."""
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise MachineError(f"--device {device}: torch sees no such device; use --device cpu.")
        self.device = torch.device(device)

    def prepare(self, items: Items) -> Any:
        """Unit vectors on the device, refused as on the CPU."""
        return torch.from_numpy(Cosine().prepare(items)).to(self.device)

    def matrix(self, voices_ND: Any, faces_MD: Any) -> Floats:
        """Dot products of unit vectors."""
        return np.asarray((voices_ND @ faces_MD.T).cpu().numpy())

    def pairs(self, voices_PD: Any, faces_PD: Any) -> Floats:
        """Dot products of unit vectors."""
        return np.asarray((voices_PD * faces_PD).sum(dim=1).cpu().numpy())

    def counts(
        self, probes_BD: Any, gallery_MD: Any, spans: list[tuple[int, int]], direction: Direction
    ) -> Counts:
        """Right items' scores, and how many of the gallery reach and exceed each, counted on the device."""
        size = max(stop - start for start, stop in spans)
        first, last = min(start for start, _ in spans), max(stop for _, stop in spans)
        blocks = list(range(0, len(gallery_MD), GALLERY_AT_ONCE))
        near = [start for start in blocks if start < last and start + GALLERY_AT_ONCE > first]
        # One product per block, kept where right items are, so that their scores are rounded as the others.
        kept = {start: self._scores(probes_BD, gallery_MD, start) for start in near}
        together_BM = torch.cat(list(kept.values()), dim=1)
        shape = (len(spans), size)
        rising_BR = torch.full(shape, torch.inf, dtype=together_BM.dtype, device=self.device)
        for row, (start, stop) in enumerate(spans):
            rising_BR[row, : stop - start] = together_BM[row, start - near[0] : stop - near[0]].sort().values
        at_least_BR, above_BR = (torch.zeros(shape, dtype=torch.int64, device=self.device) for _ in range(2))
        for start in blocks:
            scores_BM = kept.get(start)
            scores_BM = self._scores(probes_BD, gallery_MD, start) if scores_BM is None else scores_BM
            at_least_BR += _reached(rising_BR, scores_BM, right=True)
            above_BR += _reached(rising_BR, scores_BM, right=False)
        found = (tensor.cpu().numpy() for tensor in (rising_BR, at_least_BR, above_BR))
        sizes = [stop - start for start, stop in spans]
        return [
            (rising_R[:many], at_least_R[:many], above_R[:many])
            for many, rising_R, at_least_R, above_R in zip(sizes, *found, strict=True)
        ]

    def _scores(self, probes_BD: Tensor, gallery_MD: Tensor, start: int) -> Tensor:
        return probes_BD @ gallery_MD[start : start + GALLERY_AT_ONCE].T


def _reached(rising_BR: Tensor, scores_BM: Tensor, *, right: bool) -> Tensor:
    """How many scores of a row are at least (`right`), or more than, each of its thresholds (B, R)."""
    rows, size = rising_BR.shape
    place_BM = torch.searchsorted(rising_BR, scores_BM.contiguous(), right=right)
    place_BM += torch.arange(rows, device=scores_BM.device)[:, None] * (size + 1)
    counts = torch.bincount(place_BM.flatten(), minlength=rows * (size + 1)).reshape(rows, size + 1)
    return counts.flip(1).cumsum(1).flip(1)[:, 1:]
