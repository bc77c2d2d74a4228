"""Self-Lifting (Chen et al., ICMR 2022): cluster the tracks, learn from the clusters, and again."""

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from vfal.blocks.self_lifting import Settings
from vfal.core.types import MODALITIES, Modality
from vfal.data.batches import Batch, TrainingItems
from vfal.losses.barlow_twins import barlow_twins
from vfal.losses.classification import cross_entropy
from vfal.losses.multi_similarity import paired_multi_similarity
from vfal.losses.squared_error import squared_error
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.clustering import kmeans, renumbered
from vfal.nn.decoders import Decoders
from vfal.nn.feature_mlp import FeatureMLPs
from vfal.nn.group_means import means_as_made
from vfal.nn.tails import EmbeddingTails


class SelfLifting(Method):
    """Two mapping networks that learn from pseudo-labels: the clusters of tracks that they make themselves.

    `objective` also names the baselines that its authors published with it: cross-modal autoencoder,
    DeepCluster and Barlow Twins; `start` takes one of them as the coarse model of the first clustering.
    """

    trunk = "plain_features"
    card: ClassVar[Card] = Card(
        title="Self-Lifting: A Novel Framework for Unsupervised Voice-Face Association Learning",
        authors="Chen, Zhang, Liu, Du",
        year=2022,
        venue="ICMR",
        link="https://github.com/my-yy/sl_icmr2022",
        needs=frozenset({"video"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "Clusters keep their numbers from one clustering to the next as far as they can; the released "
            "classifier of clusters has them permuted under it (switch keep_numbers).",
            "The start is one run with the rest: Adam keeps its moments when the clusters take over.",
            "No track twice in a batch; the released sampler draws videos with replacement.",
            "In the raw regime the autoencoder reconstructs the encoders' outputs, held fixed as its target.",
            "A dimension that does not vary costs 1 in the Barlow loss; the released code divides by 0.",
        ),
        sources={
            "hidden_width": "official code",
            "width": "official code",
            "dropout": "official code",
            "shared_tail": "official code",
            "objective": "paper",
            "start": "official code",
            "start_steps": "reconstructed",
            "start_factor": "reconstructed",
            "clusters": "official code",
            "least_tracks_per_cluster": "official code",
            "cluster_every_passes": "official code",
            "cluster_iterations": "official code",
            "cluster_by": "official code",
            "cluster_mean_of": "official code",
            "keep_numbers": "reconstructed",
            "similarity_alpha": "official code",
            "similarity_beta": "official code",
            "similarity_base": "official code",
            "pair_error": "official code",
            "off_diagonal": "official code",
            "projector": "official code",
        },
    )
    pseudo_label_T: Tensor

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        hidden, width, dropout = settings.hidden_width, settings.width, settings.dropout
        self.first = FeatureMLPs(voice, face, width=hidden, dropout=dropout)
        self.tails = EmbeddingTails(
            self.first["voice"], self.first["face"], width=width, shared=settings.shared_tail
        )
        self.clusters = max(min(settings.clusters, crowd.tracks // settings.least_tracks_per_cluster), 1)
        self.register_buffer("pseudo_label_T", torch.arange(crowd.tracks) % self.clusters)
        used = {settings.objective, settings.start}
        if "ccae" in used:
            self.decoders = Decoders(voice, face, width=width, hidden=hidden, dropout=dropout)
        if "deep_cluster" in used:
            self.classifier = nn.Linear(width, self.clusters, bias=False)
            nn.init.xavier_normal_(self.classifier.weight)
        if "barlow" in used and settings.projector:
            self.projectors = nn.ModuleDict({modality: nn.Linear(width, width) for modality in MODALITIES})

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Embeddings (B, width), not normalised."""
        return self._embedded(self.voice(voices), "voice")

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Embeddings (B, width), not normalised."""
        return self._embedded(self.face(faces), "face")

    def refresh(self, step: int, items: TrainingItems) -> None:
        """Cluster the tracks anew every few passes, from the end of the start on."""
        if self.objective_at(step) in ("ccae", "barlow"):
            return
        since = step - (self.settings.start_steps if self.settings.start != "none" else 0)
        if since % (items.steps_per_pass * self.settings.cluster_every_passes) == 0:
            found_T = self.cluster(items)
            if self.settings.keep_numbers:
                found_T = renumbered(found_T, self.pseudo_label_T, self.clusters)
            self.pseudo_label_T.copy_(found_T)

    @torch.no_grad()
    def cluster(self, items: TrainingItems) -> Tensor:
        """The cluster (tracks,) of every track, by the networks as they are."""
        training = self.training
        self.eval()
        names = MODALITIES if self.settings.cluster_by == "both" else [self.settings.cluster_by]
        points_TD = torch.cat([self._of_tracks(items, modality) for modality in names], dim=1)
        self.train(training)
        seed = int(torch.randint(2**31, (1,)))
        return kmeans(points_TD, self.clusters, seed=seed, iterations=self.settings.cluster_iterations)[1]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: the objective of the step."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.video_B is not None
        outputs = {"voice": self.voice(batch.voices.inputs), "face": self.face(batch.faces.inputs)}
        voices_BD = self._embedded(outputs["voice"], "voice")
        faces_BD = self._embedded(outputs["face"], "face")
        objective = self.objective_at(step)
        if objective == "barlow":
            terms = self._barlow(voices_BD, faces_BD)
        elif objective == "ccae":
            terms = self._autoencoder(voices_BD, faces_BD, outputs)
        else:
            label_B = self.pseudo_label_T[batch.voices.video_B]
            learn = self._metric if objective == "multi_similarity" else self._classified
            terms = learn(voices_BD, faces_BD, label_B)
        yield "all", terms if objective == self.settings.objective else self._scaled(terms)

    def objective_at(self, step: int) -> str:
        """What is learned at a step: the coarse model first, if there is one."""
        started = self.settings.start == "none" or step >= self.settings.start_steps
        return self.settings.objective if started else self.settings.start

    def _scaled(self, terms: Terms) -> Terms:
        # Adam itself does not notice, but what it remembers of steep slopes would slow down what follows.
        factor = self.settings.start_factor
        return Terms(
            {name: factor * loss_B for name, loss_B in terms.losses.items()},
            batch_losses={name: factor * value for name, value in terms.batch_losses.items()},
        )

    def _metric(self, voices_BD: Tensor, faces_BD: Tensor, label_B: Tensor) -> Terms:
        settings = self.settings
        losses = {
            "multi_similarity": paired_multi_similarity(
                voices_BD,
                faces_BD,
                label_B,
                alpha=settings.similarity_alpha,
                beta=settings.similarity_beta,
                base=settings.similarity_base,
            )
        }
        if settings.pair_error:
            losses["pair_error"] = settings.pair_error * squared_error(voices_BD, faces_BD)
        return Terms(losses)

    def _classified(self, voices_BD: Tensor, faces_BD: Tensor, label_B: Tensor) -> Terms:
        sides = {"voice": voices_BD, "face": faces_BD}
        return Terms(
            {
                f"cluster_{name}": cross_entropy(self.classifier(embedded_BD), label_B) / len(sides)
                for name, embedded_BD in sides.items()
            }
        )

    def _autoencoder(self, voices_BD: Tensor, faces_BD: Tensor, outputs: dict[str, Tensor]) -> Terms:
        return Terms(
            {
                "pair_error": squared_error(voices_BD, faces_BD),
                "voice_from_face": squared_error(self.decoders["voice"](faces_BD), outputs["voice"].detach()),
                "face_from_voice": squared_error(self.decoders["face"](voices_BD), outputs["face"].detach()),
            }
        )

    def _barlow(self, voices_BD: Tensor, faces_BD: Tensor) -> Terms:
        if self.settings.projector:
            voices_BD, faces_BD = self.projectors["voice"](voices_BD), self.projectors["face"](faces_BD)
        loss = barlow_twins(voices_BD, faces_BD, off_diagonal=self.settings.off_diagonal)
        return Terms({}, batch_losses={"barlow": loss})

    def _embedded(self, outputs_BD: Tensor, modality: Modality) -> Tensor:
        return self.tails(self.first[modality](outputs_BD), modality)  # type: ignore[no-any-return]

    def _of_tracks(self, items: TrainingItems, modality: Modality) -> Tensor:
        """One vector (tracks, width) per track: its mean embedding, or the embedding of its mean input."""
        encoder = self.voice if modality == "voice" else self.face
        whole = self.settings.cluster_mean_of == "embeddings"

        def vectors(places_B: Tensor) -> Tensor:
            outputs_BD = encoder(items.plain(modality, places_B.numpy()))
            return self._embedded(outputs_BD, modality) if whole else outputs_BD

        means_TD = means_as_made(vectors, items.groups(modality), len(self.pseudo_label_T))
        return means_TD if whole else self._embedded(normalize(means_TD, dim=1), modality)
