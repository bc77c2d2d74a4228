from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from vfal.losses.prototype_contrast import displaced_prototype_contrast
from vfal.losses.recalibration import agreement, cumulative_trust
from vfal.losses.softmax_contrast import softmax_contrast
from vfal.nn.clustering import concentration, kmeans, squared_distance
from vfal.nn.group_means import group_means
from vfal.nn.memory_bank import MemoryBank

Load = Callable[[str], dict[str, Any]]
EXACT = {"rtol": 1e-9, "atol": 1e-12}
CRITERIA = {  # file: temperature, shift and spread of the trust, granularities
    "cmpc_criterion_b12_r1": (0.03, -1.0, 1.0, 1),
    "cmpc_criterion_b16": (0.03, -1.0, 0.1, 3),
    "cmpc_criterion_b5_r2": (0.07, 0.0, 0.5, 2),
    "cmpc_criterion_b8": (0.03, -1.0, 0.1, 3),
}
OTHER = {"audio": "frame", "frame": "audio"}


class Criterion:
    """One file of the published loss: embeddings, and the clusters of the batch's tracks."""

    def __init__(self, arrays: dict[str, Any], constants: tuple[float, float, float, int]) -> None:
        self.arrays = arrays
        self.temperature, self.shift, self.spread, self.granularities = constants
        self.of = {side: self.tensor(f"{side}_emb").requires_grad_() for side in OTHER}

    def tensor(self, name: str) -> Tensor:
        return torch.from_numpy(self.arrays[name])

    def instance(self, side: str) -> Tensor:
        return softmax_contrast(
            self.of[side],
            self.of[OTHER[side]],
            offset=1.0,
            temperature=self.temperature,
            normalise_anchors=True,
            normalise_candidates=True,
        )

    def clusters(self, side: str) -> list[tuple[Tensor, Tensor]]:
        """Centres and temperatures of the batch's tracks, per granularity."""
        found = []
        for row in range(self.granularities):
            cluster_B = self.tensor(f"{side}_inst2cluster_{row}")[self.tensor("video_index")]
            found.append(
                (
                    self.tensor(f"{side}_centroids_{row}")[cluster_B],
                    self.tensor(f"{side}_density_{row}")[cluster_B],
                )
            )
        return found

    def prototype(self, side: str) -> Tensor:
        total_B = torch.zeros(len(self.of[side]), dtype=torch.float64)
        for centres_BD, temperature_B in self.clusters(OTHER[side]):
            total_B = (total_B + displaced_prototype_contrast(self.of[side], centres_BD, temperature_B)) / 4
        return total_B

    def agreement(self) -> Tensor:
        centres = {side: torch.stack([centres_BD for centres_BD, _ in self.clusters(side)]) for side in OTHER}
        return agreement(self.of["audio"], self.of["frame"], centres["audio"], centres["frame"])

    def trust(self) -> Tensor:
        return cumulative_trust(self.agreement(), shift=self.shift, spread=self.spread)

    def expect(self, name: str, found: Tensor) -> None:
        torch.testing.assert_close(found.detach(), torch.as_tensor(self.arrays[name]), **EXACT)


@pytest.fixture(params=CRITERIA)
def criterion(request: pytest.FixtureRequest, golden: Load) -> Criterion:
    return Criterion(golden(request.param), CRITERIA[request.param])


def test_contrast_of_pairs_equals_the_published_one(criterion: Criterion) -> None:
    criterion.expect("ii_v2f", criterion.instance("audio"))
    criterion.expect("ii_f2v", criterion.instance("frame"))
    both = criterion.instance("audio") + criterion.instance("frame")
    criterion.expect("loss_no_clusters", both.mean())


def test_contrast_with_prototypes_equals_the_published_one(criterion: Criterion) -> None:
    criterion.expect("ip_v2f", criterion.prototype("audio"))
    criterion.expect("ip_f2v", criterion.prototype("frame"))


def test_agreement_and_trust_equal_the_published_ones(criterion: Criterion) -> None:
    criterion.expect("rho", criterion.agreement())
    criterion.expect("w", criterion.trust())


def test_the_whole_loss_and_its_gradients_equal_the_published_ones(criterion: Criterion) -> None:
    weight_B = criterion.trust() / criterion.trust().mean()
    per_item = [
        criterion.instance("audio"),
        criterion.prototype("audio"),
        criterion.instance("frame"),
        criterion.prototype("frame"),
    ]
    total = (weight_B * torch.stack(per_item).sum(0)).mean()
    criterion.expect("loss", total)
    total.backward()
    for side in OTHER:
        gradient = criterion.of[side].grad
        assert gradient is not None
        criterion.expect(f"grad_{side}", gradient)


@pytest.mark.parametrize(
    ("name", "iterations", "sizes"),
    [
        ("cmpc_kmeans_n100", 3, [6, 10]),
        ("cmpc_kmeans_n120", 20, [4, 8, 15]),
        ("cmpc_kmeans_n150", 20, [12]),
        ("cmpc_kmeans_n60", 10, [5]),
    ],
)
def test_k_means_started_at_the_first_rows_and_temperatures_equal_the_published_ones(
    name: str, iterations: int, sizes: list[int], golden: Load
) -> None:
    arrays = {key: torch.from_numpy(array) for key, array in golden(name).items()}
    x_ND = arrays["x"]  # in double precision, in which means and distances are taken of faiss's clusters
    for row, size in enumerate(sizes):
        # the published assignment and distances are those before the last centres
        (_, before_N), (_, cluster_N) = (
            kmeans(x_ND, size, seed=0, iterations=count, start_rows_K=torch.arange(size))
            for count in (iterations - 2, iterations - 1)
        )
        assert torch.equal(cluster_N, arrays[f"inst2cluster_{row}"])
        centres_KD, last_KD = (group_means([(x_ND, found_N)], size) for found_N in (before_N, cluster_N))
        square_N = squared_distance(x_ND, centres_KD, cluster_N)
        torch.testing.assert_close(last_KD, arrays[f"centroids_{row}"], **EXACT)
        torch.testing.assert_close(square_N[:, None], arrays[f"dist_{row}"], **EXACT)
        spread_K = concentration(square_N, cluster_N, size, mean=0.2)
        torch.testing.assert_close(spread_K, arrays[f"density_{row}"], **EXACT)


@pytest.mark.parametrize("name", ["cmpc_memory_n20", "cmpc_memory_n30"])
@pytest.mark.parametrize(("bank", "embeddings"), [("view1", "audio"), ("view2", "video")])
def test_the_memory_moves_as_the_published_one(name: str, bank: str, embeddings: str, golden: Load) -> None:
    arrays = {key: torch.from_numpy(array) for key, array in golden(name).items()}
    memory = MemoryBank(*arrays[f"{bank}_init"].shape, momentum=0.5).double()
    memory.load_state_dict({"memory_TD": arrays[f"{bank}_init"]})
    for step, track_B in enumerate(arrays["y"]):
        memory.visit(arrays[embeddings][step], track_B)
        torch.testing.assert_close(memory.memory_TD, arrays[bank][step], **EXACT)
