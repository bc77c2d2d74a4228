"""VFNet (Tao et al., Interspeech 2020): the cosine decides whether a voice and a face are one person."""

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from torch import Tensor, nn

from vfal.blocks.vfnet import Settings
from vfal.data.batches import Batch
from vfal.losses.pair_classification import balanced_pair_loss, cosine_logit
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.encoder_widths import encoder_widths


class CrossModalDiscriminativeNetwork(Method):
    """A layer per modality on the encoders, and a binary decision on the cosine of what comes out."""

    card: ClassVar[Card] = Card(
        title="Audio-visual Speaker Recognition with a Cross-modal Discriminative Network",
        authors="Tao, Das, Li",
        year=2020,
        venue="Interspeech",
        link="https://arxiv.org/abs/2008.03894",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "The network's sizes and the form of its output are second hand; its code is not public.",
            "Wrong pairs join each voice to the face of the batch's next row.",
        ),
        sources={"width": "paper", "logit_scale": "paper"},
    )

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        inputs = encoder_widths(voice, face)
        self.voice_layer = nn.Linear(inputs["voice"], settings.width)
        self.face_layer = nn.Linear(inputs["face"], settings.width)

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Embeddings (B, width), not normalised."""
        return self.voice_layer(self.voice(voices))  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Embeddings (B, width), not normalised."""
        return self.face_layer(self.face(faces))  # type: ignore[no-any-return]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: binary cross-entropy of the own pair and of a wrong one."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        loss_B = balanced_pair_loss(
            partial(cosine_logit, scale=self.settings.logit_scale),
            self.embed_voices(batch.voices.inputs),
            self.embed_faces(batch.faces.inputs),
            batch.voices.identity_B,
        )
        yield "all", Terms({"same_person": loss_B})
