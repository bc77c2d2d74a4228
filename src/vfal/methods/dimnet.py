"""DIMNet (Wen et al., ICLR 2019): no pairs, one classifier per covariate that both modalities share."""

from collections.abc import Iterator
from typing import ClassVar

from torch import Tensor, nn

from vfal.blocks.dimnet import Settings
from vfal.core.errors import ConfigError
from vfal.data.batches import Bag, Batch
from vfal.losses.covariates import known_cross_entropy
from vfal.method import Card, Crowd, Terms
from vfal.nn.heads import SharedClassifier
from vfal.trunk_method import TrunkMethod


class DisjointMapping(TrunkMethod[Settings]):
    """Voices and faces are each classified by who, of which gender or from where; they never meet."""

    card: ClassVar[Card] = Card(
        title="Disjoint Mapping Network for Cross-modal Matching of Voices and Faces",
        authors="Wen, Al Ismail, Liu, Raj, Singh",
        year=2019,
        venue="ICLR",
        link="https://arxiv.org/abs/1807.04836",
        needs=frozenset({"identity", "gender", "nationality"}),
        tasks=frozenset({"matching", "verification", "retrieval", "joint_matching"}),
        departures=(
            "The paper's networks are not public; the common trunk of vfal-eva stands for them.",
            "Gender has a classifier of its own; vfal-eva sends it through the identity classifier.",
            "Voices and faces of a batch are of the same people; the paper draws them apart, which its loss "
            "cannot tell.",
            "An unknown gender or nationality costs nothing.",
        ),
        sources={"width": "vfal-eva", "shared_tail": "vfal-eva", "covariates": "paper"},
    )

    def __init__(self, voice: nn.Module, face: nn.Module, *, crowd: Crowd, settings: Settings) -> None:
        """`voice` and `face` are encoders with an attribute `width`.

        `ConfigError` for a covariate of which the crowd knows fewer than two values.
        """
        super().__init__(voice, face, crowd=crowd, settings=settings)
        values = {
            "identity": crowd.identities,
            "gender": crowd.genders,
            "nationality": crowd.nationalities,
        }
        for covariate in settings.covariates:
            if values[covariate] < 2:
                raise ConfigError(
                    f"methods.dimnet.covariates: '{covariate}' cannot be learned, found {values[covariate]} "
                    "known values of it among the people trained on, expected 2 or more."
                )
        self.classifiers = nn.ModuleDict(
            {name: SharedClassifier(settings.width, values[name]) for name in settings.covariates}
        )

    def turns(self, batch: Batch, step: int) -> Iterator[tuple[str, Terms]]:
        """One turn: coefficient x cross-entropy, of each covariate and modality."""
        assert batch.voices is not None and batch.faces is not None
        sides = {
            "voice": (self.embed_voices(batch.voices.inputs), batch.voices),
            "face": (self.embed_faces(batch.faces.inputs), batch.faces),
        }
        yield (
            "all",
            Terms(
                {
                    f"{covariate}_{modality}": coefficient * self._classify(covariate, *side)
                    for covariate, coefficient in self.settings.covariates.items()
                    for modality, side in sides.items()
                }
            ),
        )

    def _classify(self, covariate: str, embeddings_BD: Tensor, bag: Bag) -> Tensor:
        label_B = {
            "identity": bag.identity_B,
            "gender": bag.gender_B,
            "nationality": bag.nationality_B,
        }[covariate]
        assert label_B is not None
        return known_cross_entropy(self.classifiers[covariate](embeddings_BD), label_B)
