"""Face-Voice Matching using Cross-modal Embeddings (Horiguchi et al., ACM MM 2018): N-pair loss."""

from collections.abc import Iterator
from typing import ClassVar

from torch import Tensor

from vfal.blocks.fvcme import Settings
from vfal.data.batches import Batch
from vfal.losses.softmax_contrast import softmax_contrast
from vfal.method import Card, Terms
from vfal.trunk_method import TrunkMethod


class FaceVoiceMatching(TrunkMethod[Settings]):
    """Two mapping networks into one metric space, in which a person's own voice must win over the batch's."""

    card: ClassVar[Card] = Card(
        title="Face-Voice Matching using Cross-modal Embeddings",
        authors="Horiguchi, Kanda, Nagamatsu",
        year=2018,
        venue="ACM MM",
        link="https://doi.org/10.1145/3240508.3240601",
        needs=frozenset({"identity"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "The paper's networks and data set are not public; the common trunk of vfal-eva stands for them.",
            "Voices and faces are anchors in turn; vfal-eva takes faces only (switch anchor).",
            "Batches hold nobody twice; vfal-eva's do, and count such rows as negatives.",
        ),
        sources={
            "width": "vfal-eva",
            "shared_tail": "vfal-eva",
            "anchor": "reconstructed",
            "normalise": "vfal-eva",
            "temperature": "vfal-eva",
        },
    )

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: multi-class N-pair loss of each side that `anchor` names, halved when it is both."""
        assert batch.voices is not None and batch.faces is not None
        voices_BD = self.embed_voices(batch.voices.inputs)
        faces_BD = self.embed_faces(batch.faces.inputs)
        sides = {"voice": (voices_BD, faces_BD), "face": (faces_BD, voices_BD)}
        anchors = list(sides) if self.settings.anchor == "both" else [self.settings.anchor]
        yield (
            "all",
            Terms(
                {
                    f"n_pair_{anchor}": self._n_pair(*sides[anchor], batch.voices.identity_B) / len(anchors)
                    for anchor in anchors
                }
            ),
        )

    def _n_pair(self, anchors_BD: Tensor, candidates_BD: Tensor, identity_B: Tensor | None) -> Tensor:
        return softmax_contrast(
            anchors_BD,
            candidates_BD,
            offset=1.0,
            temperature=self.settings.temperature,
            normalise_anchors=self.settings.normalise,
            normalise_candidates=self.settings.normalise,
            exclude_same_identity=identity_B,
        )
