"""The recipe of CLIP on voices and faces, as in Vclip (Shi et al. 2026): two-sided InfoNCE."""

import math
from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from vfal.blocks.clip_style import Settings
from vfal.data.batches import Batch
from vfal.losses.softmax_contrast import softmax_contrast
from vfal.method import Card, Crowd, Terms
from vfal.trunk_method import TrunkMethod


class ClipStyle(TrunkMethod[Settings]):
    """A projection per modality on frozen features, and a temperature learned along with them."""

    card: ClassVar[Card] = Card(
        title="Vclip: Face-based Speaker Generation by Face-voice Association Learning (its CLIP recipe)",
        authors="Shi, Xu, Suo, Wan, Liu",
        year=2026,
        venue="arXiv",
        link="https://arxiv.org/abs/2601.02753",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "Vclip stands on CLIP's picture encoder, a speaker encoder trained on VoxCeleb2, and more data; "
            "here both modalities start from the same frozen features as every other method.",
            "Vclip's invertible flow over the projected voices is left out.",
            "People who come twice in a batch are no negatives of themselves; CLIP knows no identities.",
        ),
        sources={
            "width": "reconstructed",
            "shared_tail": "reconstructed",
            "temperature_initial": "reconstructed",
            "temperature_lowest": "reconstructed",
        },
    )

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__(voice, face, crowd=crowd, settings=settings)
        self.log_scale = nn.Parameter(torch.tensor(-math.log(settings.temperature_initial)))

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: half the InfoNCE of each voice among faces, half that of each face among voices."""
        assert batch.voices is not None and batch.faces is not None
        with torch.no_grad():  # the bound is on the parameter, as in CLIP: a gradient finds its way back
            self.log_scale.clamp_max_(-math.log(self.settings.temperature_lowest))
        voices_BD = normalize(self.embed_voices(batch.voices.inputs), dim=1)
        faces_BD = normalize(self.embed_faces(batch.faces.inputs), dim=1)
        scale, identity_B = self.log_scale.exp(), batch.voices.identity_B
        yield (
            "all",
            Terms(
                {
                    "voice_to_face": 0.5 * _contrast(scale * voices_BD, faces_BD, identity_B),
                    "face_to_voice": 0.5 * _contrast(scale * faces_BD, voices_BD, identity_B),
                }
            ),
        )


def _contrast(anchors_BD: Tensor, candidates_BD: Tensor, identity_B: Tensor | None) -> Tensor:
    return softmax_contrast(
        anchors_BD,
        candidates_BD,
        offset=1.0,
        temperature=1.0,
        normalise_anchors=False,
        normalise_candidates=False,
        exclude_same_identity=identity_B,
    )
