"""Cross-modal prototype contrast (Zhu et al., IJCAI 2022): pairs, prototypes, and trust."""

from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from vfal.blocks.cmpc import Settings
from vfal.data.batches import Batch, TrainingItems
from vfal.losses.prototype_contrast import displaced_prototype_contrast, prototype_contrast
from vfal.losses.recalibration import agreement, cumulative_trust, gaussian_trust
from vfal.losses.softmax_contrast import softmax_contrast
from vfal.method import Card, Crowd, Terms
from vfal.nn.memory_bank import MemoryBank
from vfal.nn.prototypes import OfTracks, Prototypes
from vfal.trunk_method import TrunkMethod

RELEASED_DIVISOR = 4  # entries of the released code's table of clusterings, taken for their number
NEVER = -1


class CrossModalPrototypeContrast(TrunkMethod[Settings]):
    """Two networks, a memory of every track on each side, and the prototypes of the other side's memory."""

    card: ClassVar[Card] = Card(
        title="Unsupervised Voice-Face Representation Learning by Cross-Modal Prototype Contrast",
        authors="Zhu, Xu, Wang, Qin, Sun, Wang, Peng",
        year=2022,
        venue="IJCAI",
        link="https://github.com/Cocoxili/CMPC",
        needs=frozenset({"video"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "Clusters last until the next clustering; the released code forgets them after one step.",
            "Every granularity counts alike; the released code's weights are 1/64, 1/16 and 1/4.",
            "A prototype's cosine is divided by its own temperature; the released code mixes them up.",
            "Other items of an anchor's cluster are no negatives of its prototype.",
            "Trust is the normal distribution function; the released code sums densities.",
            "k-means starts at random tracks, and an empty cluster takes half of a large one; the released "
            "code starts at the first rows and divides by 0.",
            "Switch variant brings all of this back but the division by 0.",
            "No track twice in a batch; the released sampler draws videos with replacement.",
        ),
        sources={
            "variant": "paper",
            "width": "vfal-eva",
            "shared_tail": "vfal-eva",
            "temperature": "official code",
            "memory_momentum": "official code",
            "tracks_per_cluster": "official code",
            "first_clustering_passes": "official code",
            "cluster_every_passes": "official code",
            "cluster_iterations": "official code",
            "prototype_temperature": "official code",
            "trust_shift": "official code",
            "trust_spread": "official code",
        },
    )
    clustered_at: Tensor

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`; `crowd.tracks` sizes the memories."""
        super().__init__(voice, face, crowd=crowd, settings=settings)
        self.banks, self.prototypes = nn.ModuleDict(), nn.ModuleDict()
        sizes = [max(round(crowd.tracks / each), 1) for each in settings.tracks_per_cluster]
        sizes = [min(size, crowd.tracks) for size in sizes]
        for name in ("voice", "face"):
            self.banks[name] = MemoryBank(crowd.tracks, settings.width, momentum=settings.memory_momentum)
            self.prototypes[name] = Prototypes(
                crowd.tracks, settings.width, sizes, temperature=settings.prototype_temperature
            )
        self.register_buffer("clustered_at", torch.tensor(NEVER))

    def refresh(self, step: int, items: TrainingItems) -> None:
        """Cluster both memories: first when they have settled, then every few passes."""
        settings = self.settings
        since = step - items.steps_per_pass * settings.first_clustering_passes
        if since < 0 or since % (items.steps_per_pass * settings.cluster_every_passes):
            return
        for name in self.banks:
            self._prototypes(name).learn(
                self._bank(name).memory_TD,
                seed=int(torch.randint(2**31, (1,))),
                iterations=settings.cluster_iterations,
                from_first_rows=settings.variant == "official",
            )
        self.clustered_at.fill_(step)

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: instance and prototype contrast of each side, both scaled by the trust in the pair."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.video_B is not None
        track_B = batch.voices.video_B
        voices_BD = self.embed_voices(batch.voices.inputs)
        faces_BD = self.embed_faces(batch.faces.inputs)
        losses = {
            "instance_voice": self._instance(voices_BD, faces_BD),
            "instance_face": self._instance(faces_BD, voices_BD),
        }
        if self._has_clusters(step):
            heard, seen = self._prototypes("voice").of(track_B), self._prototypes("face").of(track_B)
            losses["prototype_voice"] = self._prototype(voices_BD, seen)
            losses["prototype_face"] = self._prototype(faces_BD, heard)
            trust_B = self._trust(voices_BD, faces_BD, heard, seen)
            losses = {name: trust_B * loss_B for name, loss_B in losses.items()}
        self._bank("voice").visit(voices_BD, track_B)
        self._bank("face").visit(faces_BD, track_B)
        yield "all", Terms(losses)

    def _instance(self, anchors_BD: Tensor, candidates_BD: Tensor) -> Tensor:
        return softmax_contrast(
            anchors_BD,
            candidates_BD,
            offset=1.0,
            temperature=self.settings.temperature,
            normalise_anchors=True,
            normalise_candidates=True,
        )

    def _prototype(self, anchors_BD: Tensor, other: OfTracks) -> Tensor:
        """Contrast (B,) of each anchor with the other side's prototypes, over all granularities."""
        total_B = anchors_BD.new_zeros(len(anchors_BD))
        for centres_BD, temperature_B, cluster_B in zip(*other, strict=True):
            if self.settings.variant == "official":
                own_B = displaced_prototype_contrast(anchors_BD, centres_BD, temperature_B)
                total_B = (total_B + own_B) / RELEASED_DIVISOR
            else:
                own_B = prototype_contrast(anchors_BD, centres_BD, temperature_B, cluster_B=cluster_B)
                total_B = total_B + own_B / len(other.cluster_RB)
        return total_B

    def _trust(self, voices_BD: Tensor, faces_BD: Tensor, heard: OfTracks, seen: OfTracks) -> Tensor:
        """Weights (B,) of the pairs, with mean 1."""
        agreement_B = agreement(voices_BD, faces_BD, heard.centres_RBD, seen.centres_RBD)
        official = self.settings.variant == "official"
        trust: Callable[..., Tensor] = cumulative_trust if official else gaussian_trust
        trust_B = trust(agreement_B, shift=self.settings.trust_shift, spread=self.settings.trust_spread)
        return trust_B / trust_B.mean()

    def _has_clusters(self, step: int) -> bool:
        at = int(self.clustered_at)
        return at == step if self.settings.variant == "official" else at != NEVER

    def _bank(self, name: str) -> MemoryBank:
        bank = self.banks[name]
        assert isinstance(bank, MemoryBank)
        return bank

    def _prototypes(self, name: str) -> Prototypes:
        prototypes = self.prototypes[name]
        assert isinstance(prototypes, Prototypes)
        return prototypes
