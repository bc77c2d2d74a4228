"""The contract of a method: one published way to associate voices with faces."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from torch import Tensor, nn
from torch.nn.functional import normalize

from vfal.data.batches import Batch

Task = Literal["matching", "verification", "retrieval", "joint_matching"]
Need = Literal["identity", "gender", "nationality", "video"]


@dataclass(frozen=True)
class Card:
    """What a method is, needs and can do, and where it departs from its paper."""

    title: str
    authors: str
    year: int
    venue: str
    link: str
    needs: frozenset[Need]
    tasks: frozenset[Task]
    departures: tuple[str, ...]


@dataclass(frozen=True)
class Terms:
    """What one player is to make small, item by item.

    `losses` are (B,) vectors: the loop multiplies each by the identity weights and takes the mean, once.
    `batch_mean` names terms that the published code reduces before weighting (mean loss times mean
    weight). `signals` are detached (B,) measures that others may watch, such as hardness.
    """

    losses: Mapping[str, Tensor]
    signals: Mapping[str, Tensor] = field(default_factory=dict)
    batch_mean: frozenset[str] = frozenset()


class Method(nn.Module, ABC):
    """One published way to associate voices with faces. Encoders are given to it, not built by it."""

    card: ClassVar[Card]

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
        """Scores (N, M) of embeddings, larger = better fit; cosine unless a method says otherwise."""
        return normalize(voices_ND, dim=1) @ normalize(faces_MD, dim=1).T

    def players(self) -> Mapping[str, list[nn.Parameter]]:
        """Who moves: one group of parameters per player; a plain method has one."""
        return {"all": [parameter for parameter in self.parameters() if parameter.requires_grad]}
