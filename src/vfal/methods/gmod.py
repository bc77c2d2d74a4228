"""GMOD (Ju Zhang et al., Interspeech 2026), from its description: mined positives."""

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from vfal.blocks.gmod import Settings
from vfal.core.types import MODALITIES, Modality
from vfal.data.batches import Batch, TrainingItems
from vfal.losses.multi_positive_contrast import multi_positive_contrast
from vfal.losses.squared_error import squared_error
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.decoders import Decoders
from vfal.nn.feature_mlp import FeatureMLPs
from vfal.nn.group_means import means_as_made
from vfal.nn.neighbours import nearest
from vfal.nn.tails import EmbeddingTails


class MinedPositives(Method):
    """Contrast in which other tracks' faces count as positives too, if a track's voice is near them."""

    trunk = "plain_features"
    card: ClassVar[Card] = Card(
        title="GMOD (from description; the full title is not at hand)",
        authors="Ju Zhang et al.",
        year=2026,
        venue="Interspeech",
        link="https://www.isca-archive.org",
        needs=frozenset({"video"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "Made from a description of a few lines; neither the paper nor code was at hand.",
            "Known: shared and private parts, orthogonal; reconstruction; a graph from voices to the "
            "nearest faces over prototypes of videos; 20 to 8 neighbours; contrast with several positives.",
            "Everything else, all weights and intervals among it, is reconstructed.",
        ),
        sources={
            "hidden_width": "vfal-eva",
            "width": "vfal-eva",
            "dropout": "vfal-eva",
            "shared_tail": "reconstructed",
            "temperature": "reconstructed",
            "first_mining_passes": "reconstructed",
            "mine_every_passes": "reconstructed",
            "neighbours_first": "paper",
            "neighbours_last": "paper",
            "neighbours_steps": "reconstructed",
            "orthogonality": "reconstructed",
            "reconstruction": "reconstructed",
        },
    )
    neighbour_TK: Tensor

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`; `crowd.tracks` sizes the graph."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        hidden, width, dropout = settings.hidden_width, settings.width, settings.dropout
        self.first = FeatureMLPs(voice, face, width=hidden, dropout=dropout)
        sides = self.first["voice"], self.first["face"]
        self.tails = EmbeddingTails(*sides, width=width, shared=settings.shared_tail)
        self.private = EmbeddingTails(*sides, width=width, shared=False)
        self.decoders = Decoders(voice, face, width=2 * width, hidden=hidden, dropout=dropout)
        most = min(max(settings.neighbours_first, settings.neighbours_last), crowd.tracks)
        # Before anything is mined, a track's neighbour is itself.
        self.register_buffer("neighbour_TK", torch.arange(crowd.tracks)[:, None].repeat(1, most))

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Shared parts (B, width), not normalised."""
        return self.tails(self.first["voice"](self.voice(voices)), "voice")  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Shared parts (B, width), not normalised."""
        return self.tails(self.first["face"](self.face(faces)), "face")  # type: ignore[no-any-return]

    @torch.no_grad()
    def refresh(self, step: int, items: TrainingItems) -> None:
        """Find the nearest faces of every track's voice anew, once the networks are no longer random."""
        since = step - items.steps_per_pass * self.settings.first_mining_passes
        if since < 0 or since % (items.steps_per_pass * self.settings.mine_every_passes):
            return
        training = self.training
        self.eval()
        heard_TD, seen_TD = (self._prototypes(items, modality) for modality in MODALITIES)
        self.train(training)
        self.neighbour_TK.copy_(nearest(heard_TD, seen_TD, self.neighbour_TK.shape[1]))

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: contrast of each side with its mined positives, orthogonality and reconstruction."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.video_B is not None
        settings = self.settings
        outputs: dict[Modality, Tensor] = {
            "voice": self.voice(batch.voices.inputs),
            "face": self.face(batch.faces.inputs),
        }
        shared, losses = {}, {}
        for modality in MODALITIES:
            hidden_BD = self.first[modality](outputs[modality])
            shared[modality] = self.tails(hidden_BD, modality)
            private_BD = self.private(hidden_BD, modality)
            overlap_B = torch.cosine_similarity(shared[modality], private_BD, dim=1).square()
            losses[f"orthogonal_{modality}"] = settings.orthogonality * overlap_B
            made_BD = self.decoders[modality](torch.cat([shared[modality], private_BD], dim=1))
            error_B = squared_error(made_BD, outputs[modality].detach())
            losses[f"reconstruct_{modality}"] = settings.reconstruction * error_B
        positive_BB = self.positives(batch.voices.video_B, step)
        temperature = settings.temperature
        losses["contrast_voice"] = multi_positive_contrast(
            shared["voice"], shared["face"], positive_BB, temperature=temperature
        )
        losses["contrast_face"] = multi_positive_contrast(
            shared["face"], shared["voice"], positive_BB.T, temperature=temperature
        )
        yield "all", Terms(losses)

    def positives(self, track_B: Tensor, step: int) -> Tensor:
        """Which faces of a batch (columns) are near the voices of which tracks (rows), (B, B) bool."""
        near_BK = self.neighbour_TK[track_B, : self.neighbours(step)]
        return (near_BK[:, :, None] == track_B[None, None, :]).any(dim=1)

    def neighbours(self, step: int) -> int:
        """How many neighbours count at a step: many at first, then fewer."""
        settings = self.settings
        done = min(step / settings.neighbours_steps, 1.0)
        return round(
            settings.neighbours_first + done * (settings.neighbours_last - settings.neighbours_first)
        )

    def _prototypes(self, items: TrainingItems, modality: Modality) -> Tensor:
        embed = self.embed_voices if modality == "voice" else self.embed_faces

        def vectors(places_B: Tensor) -> Tensor:
            return embed(items.plain(modality, places_B.numpy()))

        return means_as_made(vectors, items.groups(modality), len(self.neighbour_TK))
