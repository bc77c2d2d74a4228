"""Seeing Voices and Hearing Faces (Nagrani et al., CVPR 2018): matching as classification of places."""

from collections.abc import Iterator
from typing import ClassVar, NoReturn

import torch
from torch import Tensor, nn

from vfal.blocks.svhf import Settings
from vfal.core.errors import ConfigError
from vfal.core.types import DIRECTIONS, GALLERY_OF, PROBE_OF, Direction, Modality
from vfal.data.batches import Batch
from vfal.losses.classification import cross_entropy
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.choosers import Chooser, FirstIsRight, PairwiseMaximum, PlaceChooser, PooledChooser, SideBySide
from vfal.nn.encoder_widths import encoder_widths
from vfal.nn.matching_tuples import in_random_order, with_others


class SeeingVoicesHearingFaces(Method):
    """A stream per modality, and a network per direction that chooses among the candidates it is shown.

    A candidate's score depends on the others: there is no score of a pair, so nothing but matching.
    """

    card: ClassVar[Card] = Card(
        title="Seeing Voices and Hearing Faces: Cross-modal biometric matching",
        authors="Nagrani, Albanie, Zisserman",
        year=2018,
        venue="CVPR",
        link="https://arxiv.org/abs/1804.00326",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching"}),
        departures=(
            "Both directions learn at once on the same streams; the paper trains a network for each.",
            "Two candidates are asked in both orders and more than two against each other in turn, so that "
            "no answer depends on a place in a list (form places).",
            "Form pooled sees the mean of all candidates beside each: one network for any number of them, "
            "where the paper trains one per number; its layers are reconstructed.",
            "On frozen features the streams end with the common trunk; the published streams are encoders "
            "vgg_m_voice and vgg_m_face.",
            "Pictures only: the paper's dynamic faces need videos.",
        ),
        sources={
            "form": "paper",
            "candidates": "paper",
            "questions": "reconstructed",
            "hidden": "paper",
            "dropout": "reconstructed",
        },
    )

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders of one attribute `width`: the streams."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        inputs = [*encoder_widths(voice, face).values()]
        if inputs[0] != inputs[1]:
            raise ValueError(f"streams side by side want encoders of one width, found {inputs}")
        if settings.form != "pooled" and settings.candidates != 2:
            raise ConfigError(
                f"methods.svhf: form {settings.form} chooses between 2 candidates, found candidates: "
                f"{settings.candidates}. Set form: pooled to learn from more."
            )
        self.choosers = nn.ModuleDict({direction: _chooser(settings, inputs[0]) for direction in DIRECTIONS})

    def embed_voices(self, voices: Tensor) -> Tensor:
        """What the voice stream says (B, encoder's width); it means something to the choosers alone."""
        return self.voice(voices)  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        """What the face stream says (B, encoder's width)."""
        return self.face(faces)  # type: ignore[no-any-return]

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: cross-entropy over the places of each direction's questions, halved."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        settings, identity_B = self.settings, batch.voices.identity_B
        items: dict[Modality, Tensor] = {
            "voice": self.embed_voices(batch.voices.inputs),
            "face": self.embed_faces(batch.faces.inputs),
        }
        losses = {}
        for direction in DIRECTIONS:
            asked = [with_others(identity_B, settings.candidates) for _ in range(settings.questions)]
            shown_AK, place_A = in_random_order(torch.cat(asked))  # A: all questions, B after B
            shown_QBK = shown_AK.reshape(settings.questions, -1, settings.candidates)
            logits_QBK = self.choosers[direction](
                items[PROBE_OF[direction]], items[GALLERY_OF[direction]], shown_QBK
            )
            loss_QB = cross_entropy(logits_QBK.flatten(0, 1), place_A).reshape(settings.questions, -1)
            losses[f"choice_{direction}"] = 0.5 * loss_QB.mean(dim=0)
        yield "all", Terms(losses)

    def choose(self, probes_TD: Tensor, candidates_TKD: Tensor, direction: Direction) -> Tensor:
        """Scores (T, K), comparable within a row; the order of the candidates does not matter."""
        return self.choosers[direction].scores(probes_TD, candidates_TKD)  # type: ignore[no-any-return, operator]

    def score(self, voices_ND: Tensor, faces_MD: Tensor) -> NoReturn:
        """Refused: no pair has a score of its own."""
        raise ConfigError(
            "svhf chooses among candidates and gives no score to a single pair; ask it 1:N matching only."
        )


def _chooser(settings: Settings, width: int) -> Chooser:
    first, second = settings.hidden
    side_by_side, drop = SideBySide(width, first), nn.Dropout(settings.dropout)
    if settings.form == "vftc":
        return PlaceChooser(
            side_by_side,
            nn.Sequential(
                nn.ReLU(),
                PairwiseMaximum(),
                nn.BatchNorm1d(first // 2),
                drop,
                nn.Linear(first // 2, second),
                nn.ReLU(),
                PairwiseMaximum(),
                nn.Linear(second // 2, 1),
                FirstIsRight(),
            ),
        )
    layers = nn.Sequential(nn.ReLU(), drop, nn.Linear(first, second), nn.ReLU(), drop)
    if settings.form == "pooled":  # one logit per candidate: a bias would raise them all alike
        return PooledChooser(side_by_side, layers.append(nn.Linear(second, 1, bias=False)))
    return PlaceChooser(side_by_side, layers.append(nn.Linear(second, 2)))
