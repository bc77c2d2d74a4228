"""Pseudo-labels of tracks that grow coarser: half as many clusters whenever training stands still."""

import math

import torch
from torch import Tensor, nn

from vfal.nn.clustering import kmeans


class ProgressiveClusters(nn.Module):
    """Labels (tracks,) by k-means, and how many clusters there are; all of it lies in buffers.

    At first as many as there are tracks (each is its own label), or `clusters` where they are fewer. Source:
    Fuse after Align section 3.1.2, after Tao et al. 2022.
    """

    labels_V: Tensor
    clusters: Tensor
    best: Tensor
    since: Tensor
    stale_steps: Tensor

    def __init__(self, tracks: int, *, clusters: int, least: int, iterations: int) -> None:
        """`least` is where halving ends."""
        super().__init__()
        self.least, self.iterations = least, iterations
        self.register_buffer("labels_V", torch.arange(tracks))
        self.register_buffer("clusters", torch.tensor(min(clusters, tracks)))
        self.register_buffer("best", torch.tensor(-math.inf, dtype=torch.float64))
        self.register_buffer("since", torch.tensor(0))
        self.register_buffer("stale_steps", torch.tensor(0))

    def told(self, step: int, accuracy: float) -> None:
        """Remember how long validation has found nothing better."""
        self.stale_steps.fill_(step - int(self.since))
        if accuracy > float(self.best):
            self.best.fill_(accuracy)
            self._begin_anew(step)

    def halve_if_stale(self, step: int, patience_steps: int) -> None:
        """Half the clusters when the last validation lay so far behind the best one, or the last halving."""
        if int(self.stale_steps) >= patience_steps and int(self.clusters) > self.least:
            self.clusters.fill_(max(int(self.clusters) // 2, self.least))
            self._begin_anew(step)

    def _begin_anew(self, step: int) -> None:
        self.since.fill_(step)
        self.stale_steps.zero_()

    @property
    def trivial(self) -> bool:
        """Whether every track is a cluster of its own, so that there is nothing to compute."""
        return int(self.clusters) >= len(self.labels_V)

    def assign(self, tracks_VD: Tensor, *, seed: int) -> None:
        """New labels from the tracks' vectors."""
        _, labels_V = kmeans(tracks_VD, int(self.clusters), seed=seed, iterations=self.iterations)
        self.labels_V.copy_(labels_V)
