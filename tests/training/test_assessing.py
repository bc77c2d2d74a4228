"""A trial's score depends on its two items alone: models are asked in evaluation mode."""

from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vfal.core.errors import EmbeddingError
from vfal.method import Method
from vfal.training.assessing import MethodScorer
from vfal.training.embedding import embed_rows

from ..tiny_params import tiny_params


class Restless(nn.Module):
    """In training mode an item's embedding and score depend on chance and on its neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))

    def score(self, voices_ND: Tensor, faces_MD: Tensor) -> Tensor:
        return cast(Tensor, self.layers(voices_ND) @ self.layers(faces_MD).T)

    score_pairs = Method.score_pairs


class Rows:
    """Inputs that are numbers already."""

    def __init__(self, values_ND: Tensor) -> None:
        self.values_ND = values_ND

    def plain(self, rows: Any) -> Tensor:
        return self.values_ND[rows]


@pytest.mark.parametrize("batch_size", [1, 3, 7])
def test_models_embed_in_evaluation_mode_whatever_mode_they_are_handed_over_in(batch_size: int) -> None:
    torch.manual_seed(0)
    model, values = Restless().train(), torch.randn(7, 4)
    found_ND = embed_rows(
        model, model.layers, cast(Any, Rows(values)), np.arange(7), batch_size=batch_size,
        machine=tiny_params(machine__device="cpu").machine, device=torch.device("cpu"), title="embed",
    )  # fmt: skip
    assert not model.training
    alone = [model.layers(row[None])[0].detach().numpy() for row in values]
    np.testing.assert_allclose(found_ND, alone, atol=1e-6)


def test_scores_in_training_mode_are_refused() -> None:
    model = cast(Any, Restless().train())
    items = np.ones((3, 4), dtype=np.float32)
    for ask in (MethodScorer(model).matrix, MethodScorer(model).pairs):
        with pytest.raises(EmbeddingError, match=r"Restless: scores are asked for in training mode"):
            ask(items, items)
    model.eval()
    assert MethodScorer(model).pairs(items, items).shape == (3,)
