"""Taking a Part for the Whole (Chen et al., ACM MM 2023): contrast between and within modalities."""

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor

from vfal.blocks.archetype_agnostic import Settings
from vfal.data.batches import Batch
from vfal.losses.regauging import two_sided_regauging
from vfal.losses.softmax_contrast import softmax_contrast
from vfal.losses.views import no_negatives, sibling_places
from vfal.method import Card, Terms
from vfal.trunk_method import TrunkMethod


class ArchetypeAgnostic(TrunkMethod[Settings]):
    """No classifier: a voice finds its face, and each item finds another item of its own modality."""

    card: ClassVar[Card] = Card(
        title="Taking a Part for the Whole: An Archetype-agnostic Framework for Voice-Face Association",
        authors="Chen, Liu, Xu, Cheung, Li",
        year=2023,
        venue="ACM MM",
        link="https://github.com/Gwiths/Taking-a-Part-for-the-Whole",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "Re-gauging is off unless asked for: in the released code it passes no gradient (key regauging).",
            "The instance equilibrium weights are left out: in the released code they become NaN and "
            "reach no loss that is learned from; identity weights (key adaptive) are there for every method.",
            "Both items of a person seek the other modality; in the released code the first ones only.",
            "The two-layer heads are those of the common trunk of vfal-eva, with biases.",
        ),
        sources={
            "width": "official code",
            "shared_tail": "official code",
            "temperature": "official code",
            "cross_offset": "official code",
            "intra_offset": "official code",
            "intra": "official code",
            "regauging": "official code",
            "regauging_after": "reconstructed",
            "believed_above": "official code",
            "regauging_margin": "official code",
            "regauging_slack": "official code",
        },
    )

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: cross-modal contrast + `intra` x both intra-modal ones, and re-gauging in its time.

        A person with one item in the batch has no intra-modal loss.
        """
        assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
        identity_B = batch.voices.identity_B
        voices_BD = self.embed_voices(batch.voices.inputs)
        faces_BD = self.embed_faces(batch.faces.inputs)
        sibling_B, exclude = sibling_places(identity_B), no_negatives(identity_B)
        several_B = sibling_B != torch.arange(len(sibling_B), device=sibling_B.device)
        pairs = {
            "cross": (voices_BD, faces_BD),
            "intra_voice": (voices_BD, voices_BD[sibling_B]),
            "intra_face": (faces_BD, faces_BD[sibling_B]),
        }
        regauged = self.settings.regauging and step >= self.settings.regauging_after
        losses = {}
        for name, pair in pairs.items():
            counted = 1.0 if name == "cross" else self.settings.intra * several_B
            losses[name] = counted * self._contrast(name, *pair, exclude)
            if regauged:
                losses[f"regauging_{name}"] = (
                    self.settings.regauging * counted * self._regauging(*pair, exclude)
                )
        yield "all", Terms(losses)

    def _contrast(self, name: str, first_BD: Tensor, second_BD: Tensor, exclude: Tensor) -> Tensor:
        """Mean of both sides, (B,)."""
        offset = self.settings.cross_offset if name == "cross" else self.settings.intra_offset
        sides = [(first_BD, second_BD), (second_BD, first_BD)]
        losses = [
            softmax_contrast(
                anchors_BD,
                candidates_BD,
                offset=offset,
                temperature=self.settings.temperature,
                normalise_anchors=False,
                normalise_candidates=True,
                exclude=exclude,
            )
            for anchors_BD, candidates_BD in sides
        ]
        return 0.5 * (losses[0] + losses[1])

    def _regauging(self, first_BD: Tensor, second_BD: Tensor, exclude: Tensor) -> Tensor:
        return two_sided_regauging(
            first_BD,
            second_BD,
            exclude,
            believed_above=self.settings.believed_above,
            margin=self.settings.regauging_margin,
            slack=self.settings.regauging_slack,
        )
