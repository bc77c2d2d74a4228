"""Detach and Enhance (Yu et al., ICDM 2022): shared and private codes of each modality, kept apart."""

import math
from collections.abc import Iterator
from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import mse_loss, normalize

from vfal.blocks.detach_and_enhance import Settings
from vfal.data.batches import Batch
from vfal.losses.classification import cross_entropy
from vfal.losses.code_orthogonality import mutual_overlap, own_overlap
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.encoder_widths import encoder_widths


class DetachAndEnhance(Method):
    """Four encoders, two decoders, and one identity classifier on both shared codes."""

    card: ClassVar[Card] = Card(
        title="Detach and Enhance: Learning Disentangled Cross-modal Latent Representation for Efficient "
        "Face-Voice Association and Matching",
        authors="Yu, Liu, Cheung and others",
        year=2022,
        venue="ICDM",
        link="https://github.com/my-yy/vfal-eva/blob/main/models/de_hq3_model.py",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "The paper has no public code; networks and terms are those of vfal-eva's re-implementation.",
            "The orthogonality terms are divided by the batch size; vfal-eva's grow with it (switch "
            "orthogonality_reduction).",
            "Codes are standardised over the batch, and divided by the root of their width, before their "
            "ReLU; at our learning rate most units of vfal-eva's die within 50 steps (switch code_norm).",
            "Features that enter the encoders are dropped out, and biases start at 0, unlike in vfal-eva.",
            "Decoders learn to give back encoder outputs, which are no part of their own target when the "
            "encoders learn too.",
        ),
        sources={
            "feature_norm": "vfal-eva",
            "dropout": "reconstructed",
            "hidden": "vfal-eva",
            "code_width": "vfal-eva",
            "code_norm": "reconstructed",
            "reconstruction": "vfal-eva",
            "orthogonality": "vfal-eva",
            "orthogonality_reduction": "reconstructed",
        },
    )
    trunk: ClassVar = "plain_features"

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        inputs = encoder_widths(voice, face)
        sizes = settings.hidden, settings.code_width
        self.dropout = nn.Dropout(settings.dropout)
        self.common = nn.ModuleDict({name: _encoder(size, settings) for name, size in inputs.items()})
        self.private = nn.ModuleDict({name: _encoder(size, settings) for name, size in inputs.items()})
        self.decoders = nn.ModuleDict({name: _decoder(size, *sizes) for name, size in inputs.items()})
        self.classifier = nn.Linear(settings.code_width, crowd.identities)
        for encoder in (self.common, self.private):
            encoder.apply(_without_bias)

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Shared codes (B, code_width), >= 0, not normalised."""
        return self.common["voice"](self.dropout(self._scaled(self.voice(voices))))  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Shared codes (B, code_width), >= 0, not normalised."""
        return self.common["face"](self.dropout(self._scaled(self.face(faces))))  # type: ignore[no-any-return]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: identity of both shared codes, four reconstructions, three levels of orthogonality."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        identity_B, settings = batch.voices.identity_B, self.settings
        inputs = {
            "voice": self._scaled(self.voice(batch.voices.inputs)),
            "face": self._scaled(self.face(batch.faces.inputs)),
        }
        seen = {name: self.dropout(values_BD) for name, values_BD in inputs.items()}
        common = {name: self.common[name](values_BD) for name, values_BD in seen.items()}
        private = {name: self.private[name](values_BD) for name, values_BD in seen.items()}
        losses = {
            f"identity_{name}": cross_entropy(self.classifier(code_BD), identity_B)
            for name, code_BD in common.items()
        }
        if settings.reconstruction:
            losses["reconstruction"] = settings.reconstruction * self._reconstruction(inputs, common, private)
        if settings.orthogonality:
            scale = settings.orthogonality
            if settings.orthogonality_reduction == "mean":
                scale /= len(identity_B)
            losses |= {name: scale * loss_B for name, loss_B in _overlaps(common, private).items()}
        yield "all", Terms(losses)

    def _scaled(self, values_BD: Tensor) -> Tensor:
        length = self.settings.feature_norm
        return length * normalize(values_BD, dim=1) if length else values_BD

    def _reconstruction(
        self, inputs: dict[str, Tensor], common: dict[str, Tensor], private: dict[str, Tensor]
    ) -> Tensor:
        """Mean squared errors (B,) of either modality from its private code and each of the shared ones."""
        errors = [
            mse_loss(self.decoders[name](code_BD + private[name]), inputs[name].detach(), reduction="none")
            for name in inputs
            for code_BD in common.values()
        ]
        return sum((error_BD.mean(1) for error_BD in errors[1:]), start=errors[0].mean(1))


def _overlaps(common: dict[str, Tensor], private: dict[str, Tensor]) -> dict[str, Tensor]:
    """The three levels (B,), reduced as published: sums over the batch, and norms of B x B products."""
    items = len(common["voice"])
    return {
        "instance": items
        * (own_overlap(common["face"], private["face"]) + own_overlap(common["voice"], private["voice"])),
        "mutual": mutual_overlap(common["face"], private["face"])
        + mutual_overlap(common["voice"], private["voice"]),
        "and_or": mutual_overlap(common["face"] * common["voice"], private["face"] + private["voice"]),
    }


def _encoder(inputs: int, settings: Settings) -> nn.Sequential:
    hidden, width = settings.hidden, settings.code_width
    norm = [_Standardised(width, affine=False)] if settings.code_norm == "batch" else []
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, width), *norm, nn.ReLU())


def _without_bias(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):  # biases would drown features of length 1 until they are learned
        nn.init.zeros_(module.bias)


class _Standardised(nn.BatchNorm1d):
    """Without scale and offset of its own, that no unit be off, or on, for everybody."""

    def forward(self, values_BD: Tensor) -> Tensor:
        # Two of the orthogonality terms grow with powers of the codes, so these stay about 1 long.
        return super().forward(values_BD) / math.sqrt(self.num_features)


class _UnitLength(nn.Module):
    def forward(self, values_BD: Tensor) -> Tensor:
        return normalize(values_BD, dim=1)


def _decoder(outputs: int, hidden: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        _UnitLength(), nn.Linear(width, hidden), nn.Tanh(), nn.Linear(hidden, outputs), nn.Tanh()
    )
