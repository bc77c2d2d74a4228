"""DSANet (Wang et al., TMM 2023): AML's game on two branches, one suppressed and one enhanced."""

from collections.abc import Iterator, Mapping
from math import isqrt
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import cached

from vfal.blocks.dual_enhanced import Settings
from vfal.core.types import MODALITIES, Modality
from vfal.data.batches import Batch
from vfal.losses.lifted_negatives import lifted_negatives
from vfal.losses.modality_game import modality_loss
from vfal.losses.rival_classes import rival_classes_loss
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.dual_enhancement import DualEnhancement
from vfal.nn.encoder_widths import encoder_widths
from vfal.nn.matching_tuples import OTHER, OneOfTwo
from vfal.nn.opponents import opponents
from vfal.nn.self_attention import MapAttention

Vectors = Mapping[Modality, Tensor]


class DualEnhancedSiamese(Method):
    """One generator for both modalities and both branches, against a critic of modality."""

    card: ClassVar[Card] = Card(
        title="Looking and Hearing Into Details: Dual-Enhanced Siamese Adversarial Network for Audio-Visual "
        "Matching",
        authors="Wang, Li, Zheng, Tang, Luo",
        year=2023,
        venue="IEEE TMM",
        link="https://github.com/w1018979952/DSANet",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "Matching is by Euclidean distance with every layer in evaluation mode; the released evaluation "
            "leaves batch norm on batches of one probe person, and its head cannot look at probe and "
            "candidate together.",
            "Blocks are drawn uniformly from all 16; the released draw misses some and marks nothing in 7 "
            "(switch blocks).",
            "Nothing is suppressed or enhanced when items are embedded for scoring.",
            "Questions are drawn from the batch and asked from both sides, with a head each (switch anchor).",
            "Both players share the first decay of Adam; the released critic has 0.5.",
            "The released metric loss is a mean per place of the right candidate, added over both places; "
            "here it is one mean.",
            "Layers before batch norm have no bias, which batch norm would take away.",
        ),
        sources={
            "rows": "reconstructed",
            "grid": "official code",
            "blocks": "reconstructed",
            "suppress": "official code",
            "enhance": "official code",
            "hidden": "official code",
            "width": "official code",
            "dropout": "official code",
            "anchor": "reconstructed",
            "margin": "official code",
            "rival_slack": "official code",
            "adversary_coefficient": "official code",
            "metric_coefficient": "official code",
            "task_coefficient": "official code",
            "encoder_rate_factor": "reconstructed",
            "head_rate_factor": "reconstructed",
            "critic_rate_factor": "official code",
        },
    )
    measure = "euclidean"

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders of one `width`: `rows` x an even square of places."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        inputs = _checked([*encoder_widths(voice, face).values()], settings.rows)
        drop, width = settings.dropout, settings.width
        self.enhancement = DualEnhancement(
            grid=settings.grid, blocks=settings.blocks, suppress=settings.suppress, enhance=settings.enhance
        )
        self.attention = nn.Sequential(nn.Dropout(drop), MapAttention(settings.rows))
        self.generator = nn.Sequential(
            nn.Dropout(drop),
            *_normed(inputs, settings.hidden),
            nn.LeakyReLU(0.2),
            nn.Dropout(drop),
            *_normed(settings.hidden, width),
            nn.Tanh(),
        )
        self.anchors: tuple[Modality, ...] = MODALITIES if settings.anchor == "both" else (settings.anchor,)
        self.heads = nn.ModuleDict(
            {anchor: nn.Sequential(nn.Dropout(drop), *_normed(3 * width, 2)) for anchor in self.anchors}
        )
        self.critic = nn.Sequential(*_normed(width, 2))

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Embeddings (B, width) in (-1, 1)."""
        return self._generated(self._places(self.voice(voices)))

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Embeddings (B, width) in (-1, 1)."""
        return self._generated(self._places(self.face(faces)))

    def _places(self, features_BD: Tensor) -> Tensor:
        return features_BD.reshape(len(features_BD), self.settings.rows, -1)

    def _generated(self, features_BRP: Tensor) -> Tensor:
        items, rows, places = features_BRP.shape
        maps_BRHW = self.attention(features_BRP.reshape(items, rows, isqrt(places), -1))
        return self.generator(maps_BRHW.flatten(1))  # type: ignore[no-any-return]

    def players(self) -> Mapping[str, list[nn.Parameter]]:
        """The critic, and all that it plays against."""
        critic, encoders = opponents(self, self.critic)
        return {"critic": critic, "encoders": encoders}

    def rate_factors(self) -> Mapping[str, float]:
        """Own rates of the encoders, the heads and the critic; the generator's is the recipe's."""
        encoders, settings = self.settings.encoder_rate_factor, self.settings
        return {
            "voice.": encoders,
            "face.": encoders,
            "heads.": settings.head_rate_factor,
            "critic.": settings.critic_rate_factor,
        }

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """The critic on both branches; then the encoders on both against the critic that has moved."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        voices_BRP = self.enhancement(self._places(self.voice(batch.voices.inputs)))
        faces_BRP = self.enhancement(self._places(self.face(batch.faces.inputs)))
        with cached():  # one power iteration of the spectral norms for all four calls
            branches: list[Vectors] = [
                {"voice": self._generated(voice_BRP), "face": self._generated(face_BRP)}
                for voice_BRP, face_BRP in zip(voices_BRP, faces_BRP, strict=True)
            ]
        questions = [OneOfTwo.drawn(anchor, batch.voices.identity_B) for anchor in self.anchors]
        seen: list[Vectors] = [{name: one.detach() for name, one in items.items()} for items in branches]
        with cached():
            critic_B = self._both(questions, seen, swapped=False)
        yield "critic", Terms({"critic": critic_B})
        metric_B = self._metric(questions, branches)
        with cached():  # anew: the critic has moved
            adversary_B = self._both(questions, branches, swapped=True)
            task_B = self._task(questions, branches)
        losses = {
            "adversary": self.settings.adversary_coefficient * adversary_B,
            "metric": self.settings.metric_coefficient * metric_B,
            "task": self.settings.task_coefficient * task_B,
        }
        yield "encoders", Terms(losses, signals={"fit": metric_B.detach()})

    def _both(self, questions: list[OneOfTwo], branches: list[Vectors], *, swapped: bool) -> Tensor:
        """The critic's loss over both branches; a question's probe counts twice."""
        found = []
        for items in branches:
            told = {
                name: modality_loss(self.critic(items[name]), name, swapped=swapped) for name in MODALITIES
            }
            for one in questions:
                candidates_B = told[OTHER[one.anchor]]
                found.append(2 * told[one.anchor] + candidates_B + candidates_B[one.wrong_B])
        return torch.stack(found).sum(dim=0) / len(questions)

    def _metric(self, questions: list[OneOfTwo], branches: list[Vectors]) -> Tensor:
        found = []
        for items in branches:
            for one in questions:
                probes_BD, right_BD, wrong_BD = one.parts(items)
                margin = self.settings.margin
                found.append(lifted_negatives(probes_BD, right_BD, wrong_BD[None], margin=margin))
        return torch.stack(found).sum(dim=0) / len(questions)

    def _task(self, questions: list[OneOfTwo], branches: list[Vectors]) -> Tensor:
        found = []
        for items in branches:
            for one in questions:
                logits_B2 = self.heads[one.anchor](one.side_by_side(items))
                found.append(rival_classes_loss(logits_B2, one.place_B, slack=self.settings.rival_slack))
        return torch.stack(found).sum(dim=0) / len(questions)


def _normed(inputs: int, width: int) -> tuple[nn.Module, nn.Module]:
    """A layer of spectral norm 1, and batch norm, which takes the place of its bias."""
    return spectral_norm(nn.Linear(inputs, width, bias=False)), nn.BatchNorm1d(width)


def _checked(widths: list[int], rows: int) -> int:
    """The width of both encoders, which must cut into maps."""
    places, left = divmod(widths[0], rows)
    side = isqrt(places)
    if widths[0] != widths[1] or left or side * side != places or side % 2 or not side:
        raise ValueError(
            f"features of {rows} rows by an even square of places are wanted of both encoders (8 x 64 are "
            f"512), found widths {widths}; change recipe.trunk_width or rows"
        )
    return widths[0]
