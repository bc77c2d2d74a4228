import math
from collections.abc import Callable
from statistics import NormalDist, fmean, pstdev

import pytest
import torch
from torch import Tensor

from vfal.losses.recalibration import agreement, cumulative_trust, gaussian_trust

RHO = [0.3, -0.1, 0.5, 0.2, 0.9, -0.4]


def test_the_released_trust_gives_the_values_of_the_worked_example() -> None:
    found_B = cumulative_trust(torch.tensor(RHO, dtype=torch.float64), shift=-1.0, spread=0.1)
    expected = [0.999999, 0.985549, 1.0, 0.998909, 1.0, 0.229821]
    assert found_B.tolist() == pytest.approx(expected, abs=1e-6)


def test_the_released_trust_is_a_running_sum_of_densities() -> None:
    normal = NormalDist(fmean(RHO) - 0.5 * pstdev(RHO), math.sqrt(0.4) * pstdev(RHO))
    expected = [sum(normal.pdf(other) for other in RHO if other <= rho) for rho in RHO]
    found_B = cumulative_trust(torch.tensor(RHO, dtype=torch.float64), shift=-0.5, spread=0.4)
    assert found_B.tolist() == pytest.approx([value / max(expected) for value in expected], rel=1e-9)


def test_trust_is_the_normal_distribution_function_of_the_batch() -> None:
    normal = NormalDist(fmean(RHO) - pstdev(RHO), math.sqrt(0.1) * pstdev(RHO))
    found_B = gaussian_trust(torch.tensor(RHO, dtype=torch.float64), shift=-1.0, spread=0.1)
    assert found_B.tolist() == pytest.approx([normal.cdf(rho) for rho in RHO], rel=1e-9)


@pytest.mark.parametrize("trust", [gaussian_trust, cumulative_trust])
def test_who_agrees_less_is_trusted_less_and_equals_are_trusted_alike(trust: Callable[..., Tensor]) -> None:
    rho_B = torch.tensor(RHO, dtype=torch.float64)
    weight_B = trust(rho_B, shift=-1.0, spread=0.1)
    assert torch.equal(weight_B.argsort(), rho_B.argsort())
    assert trust(torch.full((4,), 0.3), shift=-1.0, spread=0.1).tolist() == [1.0] * 4


def test_agreement_is_the_pairs_cosine_less_what_its_clusters_have_in_common() -> None:
    torch.manual_seed(0)
    voices_BD, faces_BD = torch.randn(2, 4, 3, dtype=torch.float64)
    heard_RBD, seen_RBD = torch.randn(2, 2, 4, 3, dtype=torch.float64)
    expected = [
        float(voices_BD[i] @ faces_BD[i] / voices_BD[i].norm() / faces_BD[i].norm())
        - sum(float(heard_RBD[r, i] @ seen_RBD[r, i]) for r in range(2))
        for i in range(4)
    ]
    found_B = agreement(voices_BD, faces_BD, heard_RBD, seen_RBD)
    assert found_B.tolist() == pytest.approx(expected, rel=1e-10)
