"""The generated corpus as an entry of the shelf."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from vfal.core.config.machine import Collect
from vfal.core.tables import read_table
from vfal.data.voxceleb_layout import list_corpus
from vfal.dataset import Corpus, Dataset, DatasetCard
from vfal.datasets.generated import TRUTH_FILE, collect


class Generated(Dataset):
    """People who never were, drawn and synthesised in the layout of VoxCeleb1 and VGGFace."""

    card: ClassVar[DatasetCard] = DatasetCard(
        title="Generated people with known truth", licence="MIT, as vfal itself", source="vfal"
    )

    def collect(
        self, settings: Collect, folder: Path, *, workers: int, withdrawn: Collection[str] = ()
    ) -> Corpus:
        """Make what is missing of the tree in `folder`, then list it as any VoxCeleb tree."""
        collect(settings.generated, folder, seed=settings.seed, workers=workers, withdrawn=withdrawn)
        truth = read_table(folder / TRUTH_FILE, ["identity", "personalised"])
        return replace(list_corpus(folder, workers=workers), truth=truth)
