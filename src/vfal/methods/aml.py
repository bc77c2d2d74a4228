"""Adversarial-Metric Learning (Zheng et al., TMM 2021): one generator against a critic of modality."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from vfal.blocks.aml import Settings
from vfal.core.types import MODALITIES, Modality
from vfal.data.batches import Batch
from vfal.losses.classification import cross_entropy
from vfal.losses.lifted_negatives import lifted_negatives
from vfal.losses.modality_game import modality_loss
from vfal.method import Card, Crowd, Method, Terms
from vfal.nn.encoder_widths import encoder_widths
from vfal.nn.matching_tuples import OTHER, OneOfTwo
from vfal.nn.opponents import opponents


class AdversarialMetricLearning(Method):
    """Both modalities go through one generator; a critic tells them apart, the generator hides them."""

    card: ClassVar[Card] = Card(
        title="Adversarial-Metric Learning for Audio-Visual Cross-Modal Matching",
        authors="Zheng, Hu, Jiang, Wang, Tang, Luo",
        year=2021,
        venue="IEEE TMM",
        link="https://github.com/MLanHu/AML",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "The released code ends before training: how the losses are put together is taken from the same "
            "group's DSANet.",
            "Matching is by Euclidean distance: the task head is linear in its three inputs side by side, so "
            "that which candidate it prefers cannot depend on the probe.",
            "Questions are drawn from the batch and asked from both sides, with a head each (switch anchor); "
            "the released list asks for voices of a face.",
            "On frozen features the generator's inputs are those of the common trunk; the published networks "
            "are encoders aml_voice and aml_face.",
        ),
        sources={
            "hidden": "official code",
            "width": "official code",
            "dropout": "official code",
            "critic_dropout": "official code",
            "anchor": "reconstructed",
            "margin": "reconstructed",
            "adversary_coefficient": "official code",
            "metric_coefficient": "official code",
            "task_coefficient": "official code",
            "critic_every_steps": "reconstructed",
            "critic_rate_factor": "official code",
        },
    )
    measure = "euclidean"

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders of one attribute `width`, as one generator serves both."""
        super().__init__()
        self.voice, self.face, self.settings = voice, face, settings
        inputs = [*encoder_widths(voice, face).values()]
        if inputs[0] != inputs[1]:
            raise ValueError(f"a shared generator wants encoders of one width, found {inputs}")
        drop, hidden, width = settings.dropout, settings.hidden, settings.width
        self.generator = nn.Sequential(
            nn.Dropout(drop),
            nn.Linear(inputs[0], hidden),
            nn.LeakyReLU(0.2),
            nn.Dropout(drop),
            nn.Linear(hidden, width),
            nn.Tanh(),
        )
        self.anchors: tuple[Modality, ...] = MODALITIES if settings.anchor == "both" else (settings.anchor,)
        self.heads = nn.ModuleDict(
            {anchor: nn.Sequential(nn.Dropout(drop), nn.Linear(3 * width, 2)) for anchor in self.anchors}
        )
        self.critic = nn.Sequential(nn.Dropout(settings.critic_dropout), nn.Linear(width, 2))

    def embed_voices(self, voices: Tensor) -> Tensor:
        """Embeddings (B, width) in (-1, 1)."""
        return self.generator(self.voice(voices))  # type: ignore[no-any-return]

    def embed_faces(self, faces: Tensor) -> Tensor:
        """Embeddings (B, width) in (-1, 1)."""
        return self.generator(self.face(faces))  # type: ignore[no-any-return]

    def players(self) -> Mapping[str, list[nn.Parameter]]:
        """The critic, and all that it plays against."""
        critic, encoders = opponents(self, self.critic)
        return {"critic": critic, "encoders": encoders}

    def rate_factors(self) -> Mapping[str, float]:
        """The critic's own rate."""
        return {"critic.": self.settings.critic_rate_factor}

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """The critic learns to tell modalities apart; then the encoders meet the critic that has moved."""
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        identity_B = batch.voices.identity_B
        items: dict[Modality, Tensor] = {
            "voice": self.embed_voices(batch.voices.inputs),
            "face": self.embed_faces(batch.faces.inputs),
        }
        questions = [OneOfTwo.drawn(anchor, identity_B) for anchor in self.anchors]
        if step % self.settings.critic_every_steps == 0:
            seen: dict[Modality, Tensor] = {name: items_BD.detach() for name, items_BD in items.items()}
            losses = {f"critic_{one.anchor}": self._modality(one, seen, swapped=False) for one in questions}
            yield "critic", Terms({name: loss_B / len(questions) for name, loss_B in losses.items()})
        yield "encoders", self._encoders(questions, items)

    def _encoders(self, questions: list[OneOfTwo], items: Mapping[Modality, Tensor]) -> Terms:
        settings, share = self.settings, 1 / len(questions)
        losses, fit_B = {}, torch.zeros(())
        for one in questions:
            probes_BD, right_BD, wrong_BD = one.parts(items)
            metric_B = lifted_negatives(probes_BD, right_BD, wrong_BD[None], margin=settings.margin)
            task_B = cross_entropy(self.heads[one.anchor](one.side_by_side(items)), one.place_B)
            adversary_B = self._modality(one, items, swapped=True)
            losses[f"adversary_{one.anchor}"] = settings.adversary_coefficient * share * adversary_B
            losses[f"metric_{one.anchor}"] = settings.metric_coefficient * share * metric_B
            losses[f"task_{one.anchor}"] = settings.task_coefficient * share * task_B
            fit_B = fit_B.to(metric_B) + share * metric_B.detach()
        return Terms(losses, signals={"fit": fit_B})

    def _modality(self, one: OneOfTwo, items: Mapping[Modality, Tensor], *, swapped: bool) -> Tensor:
        """The critic's loss on a question: its probe counts twice, being one against two."""
        probes_BD, right_BD, wrong_BD = one.parts(items)
        candidates = OTHER[one.anchor]
        return (
            2 * modality_loss(self.critic(probes_BD), one.anchor, swapped=swapped)
            + modality_loss(self.critic(right_BD), candidates, swapped=swapped)
            + modality_loss(self.critic(wrong_BD), candidates, swapped=swapped)
        )
