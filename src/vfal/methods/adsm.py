"""Hearing like Seeing (Cheng et al., ACM MM 2020): triplets, common centres and a critic of modality."""

import math
from collections.abc import Iterator, Mapping
from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import normalize

from vfal.blocks.adsm import Settings
from vfal.data.batches import Batch
from vfal.losses.batch_triplets import batch_triplets
from vfal.losses.common_centres import CommonCentres
from vfal.losses.modality_game import modality_loss
from vfal.method import Card, Crowd, Terms
from vfal.nn.opponents import opponents
from vfal.trunk_method import TrunkMethod


class AdversarialDeepSemanticMatching(TrunkMethod[Settings]):
    """A generator of semantics that match across modalities, and a critic that must not tell them apart."""

    card: ClassVar[Card] = Card(
        title="Hearing like Seeing: Improving Voice-Face Interactions and Associations via Adversarial Deep "
        "Semantic Matching Network",
        authors="Cheng, Liu, Cheung, Wang, Xu, Zhong",
        year=2020,
        venue="ACM MM",
        link="https://doi.org/10.1145/3394171.3413710",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "Only the abstract was at hand: the kinds of losses are the paper's, their forms and every "
            "number are reconstructed.",
            "Triplets are across modalities and of all negatives: with the hardest only, embeddings collapse "
            "here (switch negatives).",
        ),
        sources={
            "width": "reconstructed",
            "shared_tail": "reconstructed",
            "margin": "reconstructed",
            "negatives": "reconstructed",
            "centre_coefficient": "reconstructed",
            "centre_rate": "reconstructed",
            "adversary_coefficient": "reconstructed",
            "adversary_ramp_steps": "reconstructed",
            "critic_hidden": "reconstructed",
            "critic_rate_factor": "reconstructed",
        },
    )

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`; `crowd` has a centre each."""
        super().__init__(voice, face, crowd=crowd, settings=settings)
        self.centres = CommonCentres(crowd.identities, settings.width, rate=settings.centre_rate)
        hidden = settings.critic_hidden
        self.critic = nn.Sequential(nn.Linear(settings.width, hidden), nn.ReLU(), nn.Linear(hidden, 2))

    def ended(self, embeddings_BD: Tensor) -> Tensor:
        """Unit embeddings (B, width)."""
        return normalize(embeddings_BD, dim=1)

    def players(self) -> Mapping[str, list[nn.Parameter]]:
        """The critic, and the generator that it plays against."""
        critic, generator = opponents(self, self.critic)
        return {"critic": critic, "generator": generator}

    def rate_factors(self) -> Mapping[str, float]:
        """The critic's own rate."""
        return {"critic.": self.settings.critic_rate_factor}

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """The critic, then the generator against the critic that has moved; at last the centres move."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        settings, identity_B = self.settings, batch.voices.identity_B
        voices_BD, faces_BD = self.embed_voices(batch.voices.inputs), self.embed_faces(batch.faces.inputs)
        yield (
            "critic",
            Terms({"critic": self._modality(voices_BD.detach(), faces_BD.detach(), swapped=False)}),
        )
        triplet_B = self._triplets(voices_BD, faces_BD, identity_B)
        triplet_B = triplet_B + self._triplets(faces_BD, voices_BD, identity_B)
        adversary_B = self._modality(voices_BD, faces_BD, swapped=True)
        losses = {
            "triplet": triplet_B,
            "centre": settings.centre_coefficient * self.centres(voices_BD, faces_BD, identity_B),
            "adversary": self._adversary_coefficient(step) * adversary_B,
        }
        yield "generator", Terms(losses, signals={"fit": triplet_B.detach()})
        self.centres.move(voices_BD.detach(), faces_BD.detach(), identity_B)

    def _triplets(self, anchors_BD: Tensor, candidates_BD: Tensor, identity_B: Tensor) -> Tensor:
        margin, negatives = self.settings.margin, self.settings.negatives
        return batch_triplets(anchors_BD, candidates_BD, identity_B, margin=margin, negatives=negatives)

    def _modality(self, voices_BD: Tensor, faces_BD: Tensor, *, swapped: bool) -> Tensor:
        voice_B = modality_loss(self.critic(voices_BD), "voice", swapped=swapped)
        return voice_B + modality_loss(self.critic(faces_BD), "face", swapped=swapped)

    def _adversary_coefficient(self, step: int) -> float:
        """Grows from 0 by 2 / (1 + e^(-10 p)) - 1, p the part of the ramp that is over (Ganin 2016)."""
        ramp = self.settings.adversary_ramp_steps
        over = min(1.0, step / ramp) if ramp else 1.0
        return self.settings.adversary_coefficient * (2 / (1 + math.exp(-10 * over)) - 1)
