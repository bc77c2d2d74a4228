from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from vfal.data.batches import Bag, Batch
from vfal.method import Crowd
from vfal.methods.clip_style import ClipStyle
from vfal.nn.plain_features import PlainFeatures

from ..tiny_params import tiny_params

FILES = ["vfal_nce_b16_distinct", "vfal_nce_b8", "vfal_nce_b12_dup"]
Load = Callable[[str], dict[str, Any]]


class Unchanged(nn.Module):
    def forward(self, values_BD: torch.Tensor, modality: str) -> torch.Tensor:
        return values_BD


@pytest.mark.parametrize("temperature", [1.0, 0.07])
@pytest.mark.parametrize("name", FILES)
def test_both_sides_together_equal_the_published_infonce_of_both_sides(
    name: str, temperature: float, golden: Load
) -> None:
    arrays = golden(name)
    width = arrays["anchor"].shape[1]
    settings = tiny_params().methods.clip_style.model_copy(  # type: ignore[attr-defined]
        update={"temperature_initial": temperature}
    )
    encoders = (PlainFeatures(modality=modality, inputs=width) for modality in ("voice", "face"))
    method = ClipStyle(*encoders, crowd=Crowd(20), settings=settings).double()
    method.tails = Unchanged()  # type: ignore[assignment]
    with torch.no_grad():
        method.log_scale.copy_(-torch.tensor(temperature).double().log())
    # Without identities, as published: rows of one person are negatives of each other.
    voices, faces = (Bag(torch.from_numpy(arrays[key]), None) for key in ("anchor", "other"))
    ((_, found),) = method.turns(Batch(voices, faces), 0)
    key = f"unsup_t{str(temperature).replace('.', 'p')}"
    sides = {"voice_to_face": f"{key}_loss", "face_to_voice": f"{key}_reverse_loss"}
    for term, expected in sides.items():
        published = 0.5 * float(arrays[expected])
        assert found.losses[term].mean().item() == pytest.approx(published, rel=1e-7), term
