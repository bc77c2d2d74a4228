"""VoxCeleb1 recordings with faces cut from the same videos: the pair of SVHF, Learnable PINs, CMPC, FOP."""

from collections.abc import Collection
from pathlib import Path
from typing import ClassVar

from vfal.core.config.machine import Collect
from vfal.data.measured import Measured
from vfal.data.tree import first_folder
from vfal.data.voxceleb_layout import VIDEO_FACE_FOLDERS, corpus_root, faces_folder, list_corpus, video_face
from vfal.dataset import Corpus, Dataset, DatasetCard


class Vox1Video(Dataset):
    """`wav/<id>/<video>/<n>.wav`, `unzippedFaces/<Name>/1.6/<video>/<n>.jpg` and `vox1_meta.csv`."""

    card: ClassVar[DatasetCard] = DatasetCard(
        title="VoxCeleb1 + faces of its videos",
        licence="as granted by the owners of VoxCeleb1",
        source="Nagrani et al. 2017; Nagrani, Albanie, Zisserman 2018",
    )

    def collect(
        self, settings: Collect, folder: Path, *, workers: int, withdrawn: Collection[str] = ()
    ) -> Corpus:
        """List the trees under `collect.root`; the table of faces also says which `video` each is of."""
        root = corpus_root(settings, "wav/, unzippedFaces/ (or faces/) and vox1_meta.csv")
        return list_corpus(
            root,
            workers=workers,
            withdrawn=withdrawn,
            measured=Measured.of(root),
            faces=faces_folder(settings) or first_folder(root, VIDEO_FACE_FOLDERS, "faces"),
            face_owner=video_face,
            follow_links=settings.follow_links,
        )
