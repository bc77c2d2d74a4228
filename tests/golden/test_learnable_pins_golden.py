from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from vfal.losses.curriculum_contrast import (
    chosen_pairs_loss,
    pair_distances,
    ranks_as_places,
    visited_negatives,
)

EXACT = {"rtol": 1e-9, "atol": 1e-12}


@pytest.mark.parametrize(
    ("name", "margin"), [("pins_b10", 0.6), ("pins_b12_far", 1.5), ("pins_b16", 1.2), ("pins_b20", 0.6)]
)
def test_the_curriculum_and_its_loss_equal_the_published_ones(
    name: str, margin: float, golden: Callable[[str], dict[str, Any]]
) -> None:
    arrays = {key: torch.from_numpy(array) for key, array in golden(name).items() if array.ndim}
    scalars = golden(name)
    for step, hardness in enumerate(arrays["taus"].tolist()):
        faces_BD, voices_BD = (arrays[key].clone().requires_grad_() for key in ("f_emb", "v_emb"))
        selected_BB = pair_distances(voices_BD, faces_BD).detach()
        torch.testing.assert_close(selected_BB, arrays["distance"], **EXACT)
        visited_BB = visited_negatives(selected_BB, hardness)
        assert torch.equal(visited_BB, _matrix(arrays[f"pairs_index_{step}"], len(visited_BB)))
        used_BB = ranks_as_places(visited_BB)
        assert torch.equal(used_BB, _matrix(arrays[f"pairs_{step}"], len(visited_BB)))
        positive_B, negative_B = chosen_pairs_loss(
            pair_distances(faces_BD, voices_BD), used_BB, margin=margin, power=1
        )
        loss = positive_B.mean() + negative_B.mean()
        loss.backward()
        for found, wanted in [
            (positive_B.mean().detach(), torch.as_tensor(scalars["loss_pos"])),
            (loss.detach(), torch.as_tensor(scalars[f"loss_{step}"])),
            (faces_BD.grad, arrays[f"grad_f_{step}"]),
            (voices_BD.grad, arrays[f"grad_v_{step}"]),
        ]:
            torch.testing.assert_close(found, wanted, **EXACT)


def _matrix(pairs_P2: Tensor, size: int) -> Tensor:
    chosen_BB = torch.zeros(size, size, dtype=torch.bool)
    chosen_BB[tuple(pairs_P2.T)] = True
    return chosen_BB
