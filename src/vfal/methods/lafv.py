"""On Learning Associations of Faces and Voices (Kim et al., ACCV 2018): ratio triplets."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from torch import Tensor, nn

from vfal.blocks.lafv import Settings
from vfal.data.batches import Batch
from vfal.losses.ratio_triplet import ratio_triplet, rows_of_somebody_else
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.encoder_widths import encoder_widths


class LearningAssociationsOfFacesAndVoices(Method):
    """Two networks whose plain Euclidean distances say which of two candidates belongs to the reference."""

    measure: ClassVar[Literal["cosine", "euclidean"]] = "euclidean"
    card: ClassVar[Card] = Card(
        title="On Learning Associations of Faces and Voices",
        authors="Kim, Shin, Oh, Kaspar, Elgharib, Matusik",
        year=2018,
        venue="ACCV",
        link="https://arxiv.org/abs/1805.05553",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "The paper's convolutions (VGG-16 and SoundNet) are replaced by the encoders given; the two "
            "fully connected layers behind them are the official code's.",
            "One model answers both directions; the paper trains one per direction (switch reference).",
            "The negative is the next person's item of the batch, not a draw of its own.",
            "vfal-eva trains on the loss without its square and scores by cosine (switch power).",
        ),
        sources={
            "hidden": "official code",
            "width": "official code",
            "reference": "official code",
            "power": "paper",
        },
    )

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        self.voice_head, self.face_head = (
            nn.Sequential(
                nn.Linear(inputs, settings.hidden),
                nn.ReLU(),
                nn.Linear(settings.hidden, settings.width),
            )
            for inputs in encoder_widths(voice, face).values()
        )

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Embeddings (B, width), not normalised: their lengths count."""
        return self.voice_head(self.voice(voices))  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Embeddings (B, width), not normalised."""
        return self.face_head(self.face(faces))  # type: ignore[no-any-return]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: the ratio triplet of each reference modality, halved when it is both."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        voices_BD = self.embed_voices(batch.voices.inputs)
        faces_BD = self.embed_faces(batch.faces.inputs)
        other_B = rows_of_somebody_else(batch.voices.identity_B)
        sides = {"voice": (voices_BD, faces_BD), "face": (faces_BD, voices_BD)}
        references = list(sides) if self.settings.reference == "both" else [self.settings.reference]
        losses = {}
        for name in references:
            references_BD, candidates_BD = sides[name]
            loss_B = ratio_triplet(
                references_BD, candidates_BD, candidates_BD[other_B], power=self.settings.power
            )
            losses[f"ratio_{name}"] = loss_B / len(references)
        yield "all", Terms(losses)
