"""k-means of as many videos as VoxCeleb1's training has, by faiss, against plain Lloyd iterations in torch.

`python benchmarks/kmeans.py [clusters ...]`; 16,650 / 2^n when none is given. At most 20 iterations from the
same points. The note holds the sums of squares within clusters, the share of points that both put into the
same cluster, and which repetitions gave faiss other bytes, if any: in this process, in another one, and in
another one with two threads. About four minutes.
"""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn.functional import normalize

from comparing import PLAIN, Row, compare, show
from vfal.nn.clustering import kmeans, squared_distance

VIDEOS, WIDTH, GROUPS, NOISE = 16_650, 256, 1_251, 1.5
ITERATIONS, SEED, ROUNDS = 20, 3, 2
CLUSTERS = (8_325, 4_162, 2_081, 1_040)
ROWS = 1_024  # whose distances the plain form holds at once

Clusters = tuple[Tensor, Tensor]


def main(sizes: list[int]) -> None:
    points_ND = _points()
    show(
        f"k-means of {VIDEOS:,} x {WIDTH}, {ITERATIONS} iterations at most",
        [_compared(points_ND, clusters) for clusters in sizes],
        unit="s",
    )


def _points() -> Tensor:
    """Unit vectors around as many centres as there are people; groups overlap."""
    drawn = torch.Generator().manual_seed(1)
    centres_GD = torch.randn(GROUPS, WIDTH, generator=drawn)
    group_N = torch.randint(GROUPS, (VIDEOS,), generator=drawn)
    return normalize(centres_GD[group_N] + NOISE * torch.randn(VIDEOS, WIDTH, generator=drawn), dim=1)


def _compared(points_ND: Tensor, clusters: int) -> Row:
    def threaded(way: Callable[[Tensor, int], Clusters], threads: int) -> Clusters:
        with _threads(threads):
            return way(points_ND, clusters)

    plain, faiss = threaded(_lloyd, 1), threaded(_faiss, 1)
    squares = [float(squared_distance(points_ND, *found).double().sum()) for found in (plain, faiss)]
    same = float((plain[1] == faiss[1]).float().mean())
    again = {
        "again": _digest(threaded(_faiss, 1)),
        "in another process": _digest_elsewhere(clusters, 1),
        "with two threads": _digest_elsewhere(clusters, 2),
    }
    others = [name for name, digest in again.items() if digest != _digest(faiss)]
    return compare(
        f"{clusters:,} clusters",
        {
            PLAIN: lambda: threaded(_lloyd, 1),
            "plain, 2 threads": lambda: threaded(_lloyd, 2),
            "faiss": lambda: threaded(_faiss, 1),
            "faiss, 2 threads": lambda: threaded(_faiss, 2),
        },
        rounds=ROUNDS,
        note=(
            f"squares {squares[0]:.1f}, {squares[1]:.1f}; {same:.1%} the same; "
            f"other bytes: {', '.join(others) or 'never'}"
        ),
    )


def _faiss(points_ND: Tensor, clusters: int) -> Clusters:
    return kmeans(points_ND, clusters, seed=SEED, iterations=ITERATIONS)


@torch.no_grad()
def _lloyd(points_ND: Tensor, clusters: int) -> Clusters:
    """The same by products of matrices; an empty cluster gets one of the points farthest from its centre."""
    drawn = torch.Generator().manual_seed(SEED)
    centres_KD = points_ND[torch.randperm(len(points_ND), generator=drawn)[:clusters]]
    nearest_N = _nearest(points_ND, centres_KD)
    for _ in range(ITERATIONS):
        sums_KD = torch.zeros_like(centres_KD).index_add_(0, nearest_N, points_ND)
        count_K = torch.bincount(nearest_N, minlength=clusters)
        centres_KD = sums_KD / count_K.clamp_min(1)[:, None]
        empty_E = torch.nonzero(count_K == 0)[:, 0]
        far_N = squared_distance(points_ND, centres_KD, nearest_N).argsort(descending=True)
        centres_KD[empty_E] = points_ND[far_N[: len(empty_E)]]
        before_N, nearest_N = nearest_N, _nearest(points_ND, centres_KD)
        if torch.equal(before_N, nearest_N):
            break
    return centres_KD, nearest_N


def _nearest(points_ND: Tensor, centres_KD: Tensor) -> Tensor:
    half_K = centres_KD.square().sum(1) / 2
    blocks = points_ND.split(ROWS)
    return torch.cat([torch.addmm(half_K, block_ND, centres_KD.T, alpha=-1).argmin(1) for block_ND in blocks])


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _digest(found: Clusters) -> str:
    return hashlib.sha256(b"".join(part.numpy().tobytes() for part in found)).hexdigest()


def _digest_elsewhere(clusters: int, threads: int) -> str:
    command = [sys.executable, __file__, "digest", str(clusters), str(threads)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    if sys.argv[1:2] == ["digest"]:
        with _threads(int(sys.argv[3])):
            print(_digest(_faiss(_points(), int(sys.argv[2]))))
    else:
        main([int(size) for size in sys.argv[1:]] or list(CLUSTERS))
