"""Prototypes of a memory bank at several granularities: fewer or more clusters of the same tracks."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from vfal.nn.clustering import concentration, kmeans, squared_distance


class OfTracks(NamedTuple):
    """What is known of some tracks' clusters: one row per granularity."""

    centres_RBD: Tensor
    temperature_RB: Tensor
    cluster_RB: Tensor


class Prototypes(nn.Module):
    """Centres, temperatures and memberships of every clustering, as buffers; all 0 until `learn`."""

    cluster_RT: Tensor
    centres_KD: Tensor
    temperature_K: Tensor

    def __init__(self, tracks: int, width: int, sizes: list[int], *, temperature: float) -> None:
        """`sizes` are the numbers of clusters; `temperature` is the mean of each clustering's."""
        super().__init__()
        self.sizes, self.temperature = sizes, temperature
        self.register_buffer("cluster_RT", torch.zeros(len(sizes), tracks, dtype=torch.long))
        self.register_buffer("centres_KD", torch.zeros(sum(sizes), width))
        self.register_buffer("temperature_K", torch.ones(sum(sizes)))

    @torch.no_grad()
    def learn(self, memory_TD: Tensor, *, seed: int, iterations: int, from_first_rows: bool) -> None:
        """Cluster the memory once per granularity; started at random tracks, or at the first ones."""
        first = 0
        for row, size in enumerate(self.sizes):
            start_K = torch.arange(size) if from_first_rows else None
            centres_KD, cluster_T = kmeans(
                memory_TD, size, seed=seed + row, iterations=iterations, start_rows_K=start_K
            )
            square_T = squared_distance(memory_TD, centres_KD, cluster_T)
            self.centres_KD[first : first + size] = centres_KD
            self.temperature_K[first : first + size] = concentration(
                square_T, cluster_T, size, mean=self.temperature
            )
            self.cluster_RT[row] = cluster_T + first
            first += size

    def of(self, track_B: Tensor) -> OfTracks:
        """The clusters of some tracks, numbered through all granularities."""
        cluster_RB = self.cluster_RT[:, track_B]
        return OfTracks(self.centres_KD[cluster_RB], self.temperature_K[cluster_RB], cluster_RB)
