"""The contract of a method: one published way to associate voices with faces."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from vfal.core.types import Direction
from vfal.data.batches import Batch, TrainingItems

Task = Literal["matching", "verification", "retrieval", "joint_matching"]
Need = Literal["identity", "gender", "nationality", "video"]
Source = Literal["paper", "official code", "vfal-eva", "reconstructed"]


@dataclass(frozen=True)
class Card:
    """What a method is, needs and can do, and where it departs from its paper.

    `needs` are the labels of the method as published; `Method.needs` are those of one with its settings.
    `sources` says of each number in its block where it comes from.
    """

    title: str
    authors: str
    year: int
    venue: str
    link: str
    needs: frozenset[Need]
    tasks: frozenset[Task]
    departures: tuple[str, ...]
    sources: Mapping[str, Source] = field(default_factory=dict)


@dataclass(frozen=True)
class Terms:
    """What one player is to make small, item by item.

    `losses` are (B,) vectors: the loop multiplies each by the identity weights and takes the mean, once.
    `batch_mean` names terms that the published code reduces before weighting (mean loss times mean
    weight). `batch_losses` are scalars of the whole batch that belong to nobody: the loop adds them, and
    refuses them by name where identity weights are asked for. `signals` are detached (B,) measures that
    others may watch, such as hardness.
    """

    losses: Mapping[str, Tensor]
    signals: Mapping[str, Tensor] = field(default_factory=dict)
    batch_mean: frozenset[str] = frozenset()
    batch_losses: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Crowd:
    """How many of each a method learns from: the sizes of its classifiers and banks."""

    identities: int
    genders: int = 0
    nationalities: int = 0
    tracks: int = 0
    clips: int = 0
    faces: int = 0


class Provider(Protocol):
    """State of a method that is no parameter and no buffer, and outlives a step."""

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values, copied."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""


class Method(nn.Module, ABC):
    """One published way to associate voices with faces. Encoders are given to it, not built by it."""

    card: ClassVar[Card]
    measure: ClassVar[Literal["cosine", "euclidean"]] = (
        "cosine"  # of embeddings, where `score` is not replaced
    )
    shortlist: int | None = (
        None  # of a gallery, that `score_pairs` orders in retrieval; None: `score` orders all
    )
    trunk: ClassVar[Literal["feature_mlp", "plain_features"]] = "feature_mlp"  # encoder of frozen features

    def needs(self) -> frozenset[Need]:
        """The labels it is handed, those of its card; whoever has a switch for them replaces this."""
        return self.card.needs

    @abstractmethod
    def embed_voices(self, voices: Tensor) -> Tensor:
        """Voice embeddings (B, D) of encoder inputs (B, ...)."""

    @abstractmethod
    def embed_faces(self, faces: Tensor) -> Tensor:
        """Face embeddings (B, D) of encoder inputs (B, ...)."""

    @abstractmethod
    def turns(self, batch: Batch, step: int) -> Iterable[tuple[str, Terms]]:
        """(player, terms) one after the other; the loop moves a player before it asks for the next turn."""

    def score(self, voices_ND: Tensor, faces_MD: Tensor) -> Tensor:
        """Scores (N, M) of embeddings, larger = better fit: cosine, or minus the distance."""
        if self.measure == "euclidean":
            return -torch.cdist(voices_ND, faces_MD)
        return normalize(voices_ND, dim=1) @ normalize(faces_MD, dim=1).T

    def score_pairs(self, voices_PD: Tensor, faces_PD: Tensor) -> Tensor:
        """Scores (P,) of row i with row i; whoever replaces `score` and scores pairs dearly replaces this."""
        pairs = zip(voices_PD, faces_PD, strict=True)
        return torch.cat([self.score(voice_D[None], face_D[None])[0] for voice_D, face_D in pairs])

    def choose(self, probes_TD: Tensor, candidates_TKD: Tensor, direction: Direction) -> Tensor:
        """Scores (T, K) of each probe's candidates, larger = better; they are compared within a row only.

        A method whose scores depend on the other candidates replaces this, and `score` by a refusal.
        """
        size = candidates_TKD.shape[1]
        probes_PD, candidates_PD = probes_TD.repeat_interleave(size, dim=0), candidates_TKD.flatten(0, 1)
        pairs = (probes_PD, candidates_PD) if direction == "v2f" else (candidates_PD, probes_PD)
        return self.score_pairs(*pairs).reshape(-1, size)

    def refresh(self, step: int, items: TrainingItems) -> None:
        """Called before every step is drawn: the place to learn from all items once per pass."""

    def validated(self, step: int, accuracy: float) -> None:
        """Told after every validation, at that many steps: for schedules that wait for no more progress."""

    def providers(self) -> Mapping[str, Provider]:
        """State that checkpoints keep beside the method's own tensors."""
        return {}

    def players(self) -> Mapping[str, list[nn.Parameter]]:
        """Who moves: one group of parameters per player; a plain method has one."""
        return {"all": [parameter for parameter in self.parameters() if parameter.requires_grad]}

    def rate_factors(self) -> Mapping[str, float]:
        """Factors of the learning rate by beginning of a parameter's name; 1 where none fits."""
        return {}
