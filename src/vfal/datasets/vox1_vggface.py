"""VoxCeleb1 recordings with VGGFace stills: the pair that Seeking the Shape of Sound is trained on."""

from collections.abc import Collection
from pathlib import Path
from typing import ClassVar

from vfal.core.config.machine import Collect
from vfal.data.measured import Measured
from vfal.data.voxceleb_layout import corpus_root, faces_folder, list_corpus
from vfal.dataset import Corpus, Dataset, DatasetCard


class Vox1VggFace(Dataset):
    """`wav/<id>/<video>/<n>.wav`, `<faces>/<Name>/<n>.jpg` and `vox1_meta.csv` under one root."""

    card: ClassVar[DatasetCard] = DatasetCard(
        title="VoxCeleb1 + VGGFace (VGG_ALL_FRONTAL)",
        licence="as granted by the owners of both corpora",
        source="Nagrani et al. 2017; Parkhi et al. 2015",
    )

    def collect(
        self, settings: Collect, folder: Path, *, workers: int, withdrawn: Collection[str] = ()
    ) -> Corpus:
        """List the trees under `collect.root`; nothing is copied."""
        root = corpus_root(settings, "wav/, VGG_ALL_FRONTAL/ (or faces/) and vox1_meta.csv")
        return list_corpus(
            root,
            workers=workers,
            withdrawn=withdrawn,
            measured=Measured.of(root),
            faces=faces_folder(settings),
            follow_links=settings.follow_links,
        )
