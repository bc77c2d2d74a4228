"""Disentangled representations for cross-modal biometric matching (Ning et al., TMM 2021), reconstructed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss, rms_norm

from vfal.blocks.disentangled import Settings
from vfal.core.types import MODALITIES
from vfal.data.batches import Batch
from vfal.losses.classification import cross_entropy
from vfal.losses.variational import divergence_from_normal, drawn
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.encoder_widths import encoder_widths
from vfal.nn.gradient_reversal import reversed_gradient


class DisentangledFactors(Method):
    """Every item is an identity factor, which both modalities share, and a factor of its modality."""

    card: ClassVar[Card] = Card(
        title="Disentangled Representation Learning for Cross-Modal Biometric Matching",
        authors="Ning, Zheng, Lu, Yuan",
        year=2021,
        venue="IEEE TMM",
        link="https://doi.org/10.1109/TMM.2021.3071243",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "Neither text nor code of the paper is public: the two factors, the narrowing of identity "
            "factors and the use of identity labels alone are the abstract's, all else is reconstructed.",
            "Features are scaled to a mean square of 1, so that weights mean the same on any encoder.",
        ),
        sources=dict.fromkeys(
            (
                "hidden",
                "width",
                "modality_width",
                "reconstruction",
                "cross_reconstruction",
                "divergence",
                "alignment",
                "modality",
            ),
            "reconstructed",
        ),
    )
    trunk: ClassVar = "plain_features"

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        inputs = encoder_widths(voice, face)
        self.encoders = nn.ModuleDict({name: _Encoder(size, settings) for name, size in inputs.items()})
        self.decoders = nn.ModuleDict({name: _decoder(size, settings) for name, size in inputs.items()})
        self.classifier = nn.Linear(settings.width, crowd.identities)
        self.modality_of_modality = nn.Linear(settings.modality_width, len(MODALITIES))
        self.modality_of_identity = nn.Linear(settings.width, len(MODALITIES))

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Means of the identity factors (B, width), not normalised; nothing is drawn."""
        return self._factors("voice", self.voice(voices)).identity

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Means of the identity factors (B, width), not normalised."""
        return self._factors("face", self.face(faces)).identity

    def _factors(self, name: str, features_BD: Tensor) -> "Factors":
        return self.encoders[name](_scaled(features_BD))  # type: ignore[no-any-return]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: identity, both reconstructions, divergence, alignment, and the modality."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        identity_B, settings = batch.voices.identity_B, self.settings
        features = {"voice": self.voice(batch.voices.inputs), "face": self.face(batch.faces.inputs)}
        factors = {name: self._factors(name, values_BD) for name, values_BD in features.items()}
        codes = {name: one.draw() for name, one in factors.items()}
        own_B, cross_B = self._reconstructions(features, codes)
        apart_BD = factors["voice"].identity - factors["face"].identity
        losses = {
            f"identity_{name}": cross_entropy(self.classifier(one.identity), identity_B)
            for name, one in factors.items()
        }
        losses |= {
            "reconstruction": settings.reconstruction * own_B,
            "cross_reconstruction": settings.cross_reconstruction * cross_B,
            "divergence": settings.divergence
            * (factors["voice"].divergence() + factors["face"].divergence()),
            "alignment": settings.alignment * apart_BD.square().sum(1),
            "modality": settings.modality * self._modality(codes),
        }
        yield "all", Terms(losses)

    def _reconstructions(
        self, features: dict[str, Tensor], codes: dict[str, tuple[Tensor, Tensor]]
    ) -> tuple[Tensor, Tensor]:
        """Mean squared errors (B,), summed over modalities: with the own identity factor, and the other's."""
        own: list[Tensor] = []
        cross: list[Tensor] = []
        for name, other in (("voice", "face"), ("face", "voice")):
            target_BD, modality_BE = _scaled(features[name].detach()), codes[name][1]
            for source, errors in ((name, own), (other, cross)):
                code_BC = torch.cat([codes[source][0], modality_BE], dim=1)
                error_BD = mse_loss(self.decoders[name](code_BC), target_BD, reduction="none")
                errors.append(error_BD.mean(1))
        return own[0] + own[1], cross[0] + cross[1]

    def _modality(self, codes: dict[str, tuple[Tensor, Tensor]]) -> Tensor:
        """Cross-entropies (B,): modality factors shall tell the modality, identity factors shall not."""
        losses = []
        for label, name in enumerate(MODALITIES):
            identity_BD, modality_BE = codes[name]
            label_B = torch.full((len(identity_BD),), label, device=identity_BD.device)
            losses.append(cross_entropy(self.modality_of_modality(modality_BE), label_B))
            hidden_BD = reversed_gradient(identity_BD)
            losses.append(cross_entropy(self.modality_of_identity(hidden_BD), label_B))
        return torch.stack(losses).sum(0)


@dataclass(frozen=True)
class Factors:
    """Means and log variances of an item's identity (B, width) and of its modality's part."""

    identity: Tensor
    identity_log_variance: Tensor
    modality: Tensor
    modality_log_variance: Tensor

    def draw(self) -> tuple[Tensor, Tensor]:
        """One draw of both factors."""
        return (
            drawn(self.identity, self.identity_log_variance),
            drawn(self.modality, self.modality_log_variance),
        )

    def divergence(self) -> Tensor:
        """KL divergence of both from the standard normal, (B,)."""
        identity_B = divergence_from_normal(self.identity, self.identity_log_variance)
        return identity_B + divergence_from_normal(self.modality, self.modality_log_variance)


class _Encoder(nn.Module):
    def __init__(self, inputs: int, settings: Settings) -> None:
        super().__init__()
        self.sizes = [settings.width, settings.width, settings.modality_width, settings.modality_width]
        self.layers = nn.Sequential(
            nn.Linear(inputs, settings.hidden), nn.ReLU(), nn.Linear(settings.hidden, sum(self.sizes))
        )

    def forward(self, features_BD: Tensor) -> Factors:
        return Factors(*self.layers(features_BD).split(self.sizes, dim=1))


def _decoder(outputs: int, settings: Settings) -> nn.Sequential:
    code = settings.width + settings.modality_width
    return nn.Sequential(nn.Linear(code, settings.hidden), nn.ReLU(), nn.Linear(settings.hidden, outputs))


def _scaled(features_BD: Tensor) -> Tensor:
    return rms_norm(features_BD, features_BD.shape[1:])
