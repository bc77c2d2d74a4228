"""Joint retrieval: the mean of m clips orders means of m pictures (and the reverse)."""

from typing import ClassVar

from vfal.core.types import GALLERY_OF, PROBE_OF, Direction, Group, Modality
from vfal.evaluation.bags import Sizes, alike, as_items, bags_of, means, pair_name, units
from vfal.evaluation.scoring import Prepared
from vfal.metrics import Floats, Integers
from vfal.protocol import Bench, Measurement, Protocol, ProtocolCard, retrieve


class JointRetrieval(Protocol):
    """mAP and recall@k between means of m unit embeddings, for every m > 1 of the joint matching lists, and
    for the pairs of `evaluate.joint_pairs`.

    Each person's items are dealt into disjoint bags of m in the order of their numbers; what is left over
    is in none. Nothing is drawn, so there is no list.
    """

    card: ClassVar = ProtocolCard(
        title="Joint retrieval",
        task="retrieval",
        source="TriNet (VFMR), joint retrieval: means of 20 voices, of 5 faces",
    )

    def measure(self, bench: Bench, direction: Direction, group: Group) -> Measurement:
        """The numbers of retrieval per m, named `joint_retrieval_m<m>` or `joint_retrieval_v<m>_f<m>`."""
        table = bench.trials("joint_matching", direction, group)
        found = Measurement()
        every = [alike(size) for size in sorted({int(size) for size in table["mean_of"].unique()} - {1})]
        every += [{"voice": voices, "face": faces} for voices, faces in bench.settings.joint_pairs]
        for name, sizes in {pair_name(sizes): sizes for sizes in every}.items():
            one = self._of_bags(bench, direction, group, sizes)
            found.findings += one.findings
            found.notes += [f"{name.replace('m', 'm=')}: {note}" for note in one.notes]
        return (
            found
            if found.findings or found.notes
            else Measurement(notes=["no joint matching lists with m > 1"])
        )

    def _of_bags(self, bench: Bench, direction: Direction, group: Group, sizes: Sizes) -> Measurement:
        vectors: dict[Modality, Floats] = {}
        people: dict[Modality, Integers] = {}
        for modality, items in bench.items.items():
            rows_TJ = bags_of(bench.people[modality], items.numbers_N, sizes[modality])
            if not len(rows_TJ):
                return Measurement(notes=[f"nobody has {sizes[modality]} {modality} items"])
            vectors[modality] = means(units(items), rows_TJ)
            people[modality] = bench.people[modality][rows_TJ[:, 0]]
        prepared = Prepared(
            bench.scorer, as_items(vectors["voice"], "voice"), as_items(vectors["face"], "face")
        )
        sides = people[PROBE_OF[direction]], people[GALLERY_OF[direction]]
        return retrieve(bench, prepared, sides, direction, group, name=f"joint_retrieval_{pair_name(sizes)}")
