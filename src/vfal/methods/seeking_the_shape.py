"""Seeking the Shape of Sound (Wen et al., CVPR 2021): one shared classifier and explicit alignment."""

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from vfal.blocks.seeking_the_shape import Settings
from vfal.data.batches import Batch
from vfal.losses.classification import cross_entropy, focal
from vfal.losses.softmax_contrast import two_sided_explicit_loss
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.encoder_widths import encoder_widths
from vfal.nn.heads import ProjectionHead, SharedClassifier


class SeekingTheShapeOfSound(Method):
    """Two encoders with a projection head each, and one un-normalised classifier that both share."""

    card: ClassVar[Card] = Card(
        title="Seeking the Shape of Sound: An Adaptive Framework for Learning Voice-Face Association",
        authors="Wen, Xu, Wu, Yan, Yi",
        year=2021,
        venue="CVPR",
        link="https://github.com/KID-7391/seeking-the-shape-of-sound",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "Identity weights multiply each item's loss; the released code multiplies batch means "
            "(switch implicit_weighting).",
            "Weighing stops when the keep-ratio is reached, not after a fixed number of steps.",
            "Uncovered pixels of a rotated picture are grey in all channels; the released code fills one.",
            "The default run trains on frozen features of small encoders (switch regime).",
        ),
    )

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`; `crowd` are those trained on."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        self.voice_head, self.face_head = (
            ProjectionHead(inputs, settings.width, dropout=settings.dropout)
            for inputs in encoder_widths(voice, face).values()
        )
        self.classifier = SharedClassifier(settings.width, crowd.identities)
        self.classifier.requires_grad_(settings.implicit_loss != "none")  # else nothing would ever move it

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Head outputs (B, width), not normalised: their length acts as an inverse temperature."""
        return self.voice_head(self.voice(voices))  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Head outputs (B, width), not normalised."""
        return self.face_head(self.face(faces))  # type: ignore[no-any-return]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: L_face + L_voice + L_explicit, all coefficients 1 (paper Eq. 8-11)."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        identity_B = batch.voices.identity_B
        voices_BD = self.embed_voices(batch.voices.inputs)
        faces_BD = self.embed_faces(batch.faces.inputs)
        logits = {"voice": self.classifier(voices_BD), "face": self.classifier(faces_BD)}
        ce = {name: cross_entropy(logits_BI, identity_B) for name, logits_BI in logits.items()}
        losses: dict[str, Tensor] = {}
        implicit = self.settings.implicit_loss
        for name, logits_BI in logits.items():
            if implicit == "cross_entropy":
                losses[f"identity_{name}"] = ce[name]
            elif implicit == "focal":
                losses[f"identity_{name}"] = focal(logits_BI, identity_B, gamma=self.settings.focal_gamma)
        if self.settings.explicit_loss:
            # 2: the 1 inside the logarithm of Eq. 4, and the positive's own exp(0)
            offset = 2.0 + self.settings.margin
            losses["explicit"] = two_sided_explicit_loss(voices_BD, faces_BD, offset=offset)
        batch_mean = self.settings.implicit_weighting == "batch_mean"
        yield (
            "all",
            Terms(
                losses,
                signals={
                    "classification": (ce["voice"] + ce["face"]).detach(),
                    **_distances(voices_BD, faces_BD),
                },
                batch_mean=frozenset({"identity_voice", "identity_face"} if batch_mean else ()),
            ),
        )


@torch.no_grad()
def _distances(voices_BD: Tensor, faces_BD: Tensor) -> dict[str, Tensor]:
    """How far a person's own voice and face are apart: 1 - cosine, and the mean rank in [0, 1]."""
    sims_BB = normalize(voices_BD.float(), dim=1) @ normalize(faces_BD.float(), dim=1).T
    own_B = sims_BB.diagonal()
    others = max(len(own_B) - 1, 1)
    rank_B = (sims_BB > own_B[:, None]).sum(1) + (sims_BB > own_B[None, :]).sum(0)
    return {"cosine": 1 - own_B, "rank": rank_B / (2 * others)}
