"""A method on the common trunk: what published methods that differ in their losses alone have in common."""

from typing import Generic, Protocol, TypeVar

from torch import Tensor, nn

from vfal.method import Crowd, Method
from vfal.nn.tails import EmbeddingTails


class TrunkSettings(Protocol):
    """What the block of a method on the common trunk holds beside its own numbers."""

    @property
    def width(self) -> int:
        """Of the embeddings."""

    @property
    def shared_tail(self) -> bool:
        """Whether one tail serves both modalities."""


S = TypeVar("S", bound=TrunkSettings)


class TrunkMethod(Method, Generic[S]):
    """Two encoders and their embedding tails, with the settings `S`; a subclass says what they learn by.

    A subclass with parameters of its own calls this constructor first: initial weights are drawn in the
    order in which layers are made.
    """

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: S) -> None:
        """`voice` and `face` are encoders with an attribute `width`; `crowd` sizes what subclasses add."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        self.tails = EmbeddingTails(voice, face, width=settings.width, shared=settings.shared_tail)

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Embeddings (B, width), as `ended` leaves them."""
        return self.ended(self.tails(self.voice(voices), "voice"))

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Embeddings (B, width), as `ended` leaves them."""
        return self.ended(self.tails(self.face(faces), "face"))

    def ended(self, embeddings_BD: Tensor) -> Tensor:
        """What tails put out, not normalised; whoever wants unit vectors replaces this."""
        return embeddings_BD
