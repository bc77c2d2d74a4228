"""Fuse after Align (Peng, He and Su 2024): align voices and faces, then judge pairs by a transformer."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from vfal.blocks.fuse_after_align import Settings
from vfal.core.errors import ConfigError
from vfal.core.types import MODALITIES, Modality
from vfal.data.batches import Batch, TrainingItems
from vfal.losses.classification import cross_entropy
from vfal.losses.hard_negatives import drawn_negatives
from vfal.losses.labelled_contrast import labelled_contrast
from vfal.losses.multi_similarity import multi_similarity
from vfal.method import Card, Crowd, Method, Need, Terms
from vfal.nn.encoder_widths import encoder_widths
from vfal.nn.pair_encoder import PairEncoder
from vfal.nn.progressive_clusters import ProgressiveClusters

ITEMS_AT_ONCE = 1024  # embedded while tracks are pooled
PAIRS_AT_ONCE = 4096  # judged by the multimodal encoder


class FuseAfterAlign(Method):
    """Two projections into one space, aligned by clusters of videos, and an encoder of pairs that scores."""

    card: ClassVar[Card] = Card(
        title="Fuse after Align: Improving Face-Voice Association Learning via Multimodal Encoder",
        authors="Peng, He, Su",
        year=2024,
        venue="arXiv 2404.09509",
        link="https://arxiv.org/abs/2404.09509",
        needs=frozenset({"video"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "No code is public: tokens, pooling, feed-forward width, dropout and the temperature of hard "
            "negatives are reconstructed.",
            "Eq. 3 is taken with max where min is printed, which would discard nearly all positives "
            "(switch positive_rule).",
            "Both halves of a video's vector are made unit vectors before clustering, beyond Eq. 1.",
            "Clusters are halved by 1:2 matching accuracy on validation people; the paper names a "
            "verification metric.",
            "Eq. 5 is averaged over the three pairs of an item, its own and two hard negatives.",
            "The default run trains projections on frozen features of small encoders, with a narrower "
            "multimodal encoder (keys regime, width).",
        ),
        sources={
            "supervised": "reconstructed",
            "width": "reconstructed",
            "delta": "paper",
            "alignment": "paper",
            "epsilon": "paper",
            "alpha": "paper",
            "beta": "paper",
            "similarity_base": "paper",
            "positive_rule": "reconstructed",
            "contrastive_margin": "reconstructed",
            "multimodal_encoder": "paper",
            "layers": "paper",
            "heads": "paper",
            "feed_forward": "reconstructed",
            "dropout": "reconstructed",
            "pool": "reconstructed",
            "hard_negatives": "paper",
            "temperature": "reconstructed",
            "progressive": "paper",
            "fixed_clusters": "paper",
            "stale_epochs": "paper",
            "least_clusters": "reconstructed",
            "kmeans_iterations": "reconstructed",
            "pooled_items": "reconstructed",
            "reranked": "reconstructed",
        },
    )

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        inputs = encoder_widths(voice, face)
        self.voice_projection = nn.Linear(inputs["voice"], settings.width)
        self.face_projection = nn.Linear(inputs["face"], settings.width)
        if settings.multimodal_encoder:
            self.shortlist = settings.reranked
            self.pair_encoder = PairEncoder(
                settings.width,
                layers=settings.layers,
                heads=settings.heads,
                hidden=settings.feed_forward * settings.width,
                dropout=settings.dropout,
                pool=settings.pool,
            )
        if not settings.supervised:
            self.clusters = ProgressiveClusters(
                crowd.tracks,
                clusters=crowd.tracks if settings.progressive else settings.fixed_clusters,
                least=settings.least_clusters,
                iterations=settings.kmeans_iterations,
            )

    def needs(self) -> frozenset[Need]:
        """Videos, or with `supervised` identities in their place."""
        return frozenset({"identity"}) if self.settings.supervised else self.card.needs

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Embeddings (B, width), not normalised."""
        return self.voice_projection(self.voice(voices))  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Embeddings (B, width), not normalised."""
        return self.face_projection(self.face(faces))  # type: ignore[no-any-return]

    def score(self, voices_ND: Tensor, faces_MD: Tensor) -> Tensor:
        """ln of P(same) / P(other) of every pair, (N, M); the cosine where there is no multimodal encoder."""
        if not self.settings.multimodal_encoder:
            return super().score(voices_ND, faces_MD)
        rows = [self.score_pairs(voice_D.expand_as(faces_MD), faces_MD) for voice_D in voices_ND]
        return torch.stack(rows)

    def score_pairs(self, voices_PD: Tensor, faces_PD: Tensor) -> Tensor:
        """The same of row i with row i, (P,)."""
        if not self.settings.multimodal_encoder:
            return (normalize(voices_PD, dim=1) * normalize(faces_PD, dim=1)).sum(1)
        parts = [slice(start, start + PAIRS_AT_ONCE) for start in range(0, len(voices_PD), PAIRS_AT_ONCE)]
        logits_P2 = torch.cat([self.pair_encoder(voices_PD[part], faces_PD[part]) for part in parts])
        return logits_P2[:, 1] - logits_P2[:, 0]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: delta L_MS + (1 - delta) L_CE (paper Eq. 6), item by item."""
        assert batch.voices is not None and batch.faces is not None
        voices_BD = self.embed_voices(batch.voices.inputs)
        faces_BD = self.embed_faces(batch.faces.inputs)
        label_B, delta = self._labels(batch), self.settings.delta
        losses: dict[str, Tensor] = {}
        losses[self.settings.alignment] = delta * self._alignment(voices_BD, faces_BD, label_B)
        if self.settings.multimodal_encoder:
            losses["face_voice_matching"] = (1 - delta) * self._matching(voices_BD, faces_BD, label_B)
        yield "all", Terms(losses)

    def validated(self, step: int, accuracy: float) -> None:
        """Remember how far it has come."""
        if not self.settings.supervised:
            self.clusters.told(step, accuracy)

    def refresh(self, step: int, items: TrainingItems) -> None:
        """At the beginning of a pass: halve the clusters if it is time, and cluster all tracks anew."""
        if self.settings.supervised or step % items.steps_per_pass:
            return
        if self.settings.progressive:
            self.clusters.halve_if_stale(step, self.settings.stale_epochs * items.steps_per_pass)
        if not self.clusters.trivial:
            seed = int(torch.randint(2**62, ()))
            self.clusters.assign(self._pooled(items), seed=seed)

    def _labels(self, batch: Batch) -> Tensor:
        """Pseudo-labels (B,) of the items' videos, or their identities."""
        assert batch.voices is not None
        if self.settings.supervised:
            assert batch.voices.identity_B is not None
            return batch.voices.identity_B
        if batch.voices.video_B is None:
            raise ConfigError(
                "methods.fuse_after_align.recipe.sampling: found batches of people, expected 'video', whose "
                "clusters are learned from; or set supervised: true."
            )
        return self.clusters.labels_V[batch.voices.video_B]

    def _alignment(self, voices_BD: Tensor, faces_BD: Tensor, label_B: Tensor) -> Tensor:
        """The mean over an item's two anchors, (B,): all embeddings of a batch are one set (paper Eq. 4)."""
        settings, both_ND, label_N = self.settings, torch.cat([voices_BD, faces_BD]), label_B.repeat(2)
        if settings.alignment == "contrastive":
            loss_N = labelled_contrast(both_ND, label_N, margin=settings.contrastive_margin)
        else:
            loss_N = multi_similarity(
                both_ND,
                label_N,
                alpha=settings.alpha,
                beta=settings.beta,
                base=settings.similarity_base,
                epsilon=settings.epsilon,
                rule=settings.positive_rule,
            )
        return loss_N.view(2, -1).mean(0)

    def _matching(self, voices_BD: Tensor, faces_BD: Tensor, label_B: Tensor) -> Tensor:
        """Mean cross-entropy (B,) of an item's own pair and of two hard ones, one per modality (Eq. 5)."""
        count, sims_BB = len(label_B), normalize(faces_BD, dim=1) @ normalize(voices_BD, dim=1).T
        same_BB = label_B[:, None] == label_B[None, :]
        temperature = self.settings.temperature if self.settings.hard_negatives else None
        voice_of_face_B = drawn_negatives(sims_BB, same_BB, temperature=temperature)
        face_of_voice_B = drawn_negatives(sims_BB.T, same_BB, temperature=temperature)
        logits_P2 = self.pair_encoder(
            torch.cat([voices_BD, voices_BD[voice_of_face_B], voices_BD]),
            torch.cat([faces_BD, faces_BD, faces_BD[face_of_voice_B]]),
        )
        right_P = (torch.arange(3 * count, device=label_B.device) < count).long()
        return cross_entropy(logits_P2, right_P).view(3, count).mean(0)

    @torch.no_grad()
    def _pooled(self, items: TrainingItems) -> Tensor:
        """A vector per track (V, 2 width): mean face beside mean voice embedding (Eq. 1), unit halves."""
        self.eval()  # dropout, or statistics of a batch, have no business in a track's vector
        halves = [self._mean_of_tracks(items, modality) for modality in reversed(MODALITIES)]
        return torch.cat([normalize(half_VD, dim=1) for half_VD in halves], dim=1)

    def _mean_of_tracks(self, items: TrainingItems, modality: Modality) -> Tensor:
        embed = self.embed_voices if modality == "voice" else self.embed_faces
        track_N = items.groups(modality)
        places_N = torch.arange(len(track_N), device=track_N.device)
        taken_N = places_N - torch.searchsorted(track_N, track_N) < self.settings.pooled_items
        places, track_N = places_N[taken_N].cpu().numpy(), track_N[taken_N]
        sums_VD = torch.zeros(len(self.clusters.labels_V), self.settings.width, device=track_N.device)
        for start in range(0, len(places), ITEMS_AT_ONCE):
            part = slice(start, start + ITEMS_AT_ONCE)
            embedded_BD = embed(items.plain(modality, places[part].astype(np.int64)))
            sums_VD.index_add_(0, track_N[part], embedded_BD.float())
        return sums_VD  # its direction is the mean's, and only that is used
