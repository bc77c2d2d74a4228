"""VoxCeleb2 recordings with VGGFace2 stills; with VoxCeleb1 beside them, the corpora of TriNet."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import ClassVar

import pandas as pd

from vfal.core.config.machine import Collect
from vfal.core.errors import DataError
from vfal.data.measured import Measured
from vfal.data.people_tables import read_vgg2, read_vox2
from vfal.data.tree import (
    FACE_ENDINGS,
    VOICE_ENDINGS,
    Owner,
    Place,
    Reading,
    Tree,
    clip_table,
    face_table,
    joined,
    left_aside,
)
from vfal.data.voxceleb_layout import corpus_root, faces_folder, list_corpus, utterance
from vfal.dataset import Corpus, Dataset, DatasetCard

META_FILE, FACE_META_FILE = "vox2_meta.csv", "identity_meta.csv"


class Vox2VggFace2(Dataset):
    """`dev/aac/<id>/<video>/<n>.m4a`, `train/n<id>/<n>.jpg`, `vox2_meta.csv` and `identity_meta.csv`."""

    card: ClassVar[DatasetCard] = DatasetCard(
        title="VoxCeleb2 + VGGFace2",
        licence="as granted by the owners of both corpora",
        source="Chung, Nagrani, Zisserman 2018; Cao et al. 2018",
    )

    def collect(
        self, settings: Collect, folder: Path, *, workers: int, withdrawn: Collection[str] = ()
    ) -> Corpus:
        """List both trees. Column `set` of the people is dev, test, or vox1 with `vox1_root`.

        Nationalities of VoxCeleb2 are not published; they stay empty.
        """
        block = settings.vox2_vggface2
        root = corpus_root(settings, f"{' or '.join(block.voices)} and {META_FILE}")
        faces = faces_folder(settings) or root
        people = _people(root, faces)
        people = people[~people["identity"].isin(withdrawn)].reset_index(drop=True)
        voices = _trees(root, block.voices, VOICE_ENDINGS, settings.follow_links)
        pictures = _trees(faces, block.faces, FACE_ENDINGS, settings.follow_links)
        reading = Reading(root, Measured.of(root), workers, withdrawn)
        identity_of = dict(zip(people["face_identity"], people["identity"], strict=True))
        clips = clip_table(voices, utterance, reading)
        images = face_table(pictures, _still(identity_of), reading)
        reading.measured.keep()
        aside = left_aside(root, *voices, *pictures)
        corpus = Corpus(root, people.drop(columns="face_identity"), clips, images, left_aside=aside)
        return joined(corpus, _vox1(settings, workers, withdrawn)) if block.vox1_root else corpus


def _vox1(settings: Collect, workers: int, withdrawn: Collection[str]) -> Corpus:
    root = Path(settings.vox2_vggface2.vox1_root)
    if not root.is_dir():
        raise DataError(
            f"collect.vox2_vggface2.vox1_root: '{root}' is not a folder. Expected one as of vox1_vggface."
        )
    root = root.resolve()
    corpus = list_corpus(
        root,
        workers=workers,
        withdrawn=withdrawn,
        measured=Measured.of(root),
        follow_links=settings.follow_links,
    )
    corpus.identities["set"] = "vox1"
    return corpus


def _people(root: Path, faces: Path) -> pd.DataFrame:
    """identity, name, gender, nationality, set and face_identity; names from either table of people."""
    people = read_vox2(root / META_FILE)
    table = next((path for path in (faces / FACE_META_FILE, root / FACE_META_FILE) if path.is_file()), None)
    if table is not None:
        names = read_vgg2(table).set_index("face_identity")["name"]
        people["name"] = people["face_identity"].map(names).fillna(people["face_identity"])
    elif "name" not in people:
        people["name"] = people["face_identity"]
    return people.assign(nationality="")[
        ["identity", "name", "gender", "nationality", "set", "face_identity"]
    ]


def _trees(root: Path, folders: Collection[str], endings: tuple[str, ...], follow_links: bool) -> list[Tree]:
    there = [root / name for name in folders if (root / name).is_dir()]
    if not there:
        raise DataError(f"{root}: neither {' nor '.join(folders)} is there (collect.vox2_vggface2).")
    return [Tree(folder, endings, follow_links) for folder in there]


def _still(identity_of: Mapping[str, str]) -> Owner:
    def owner(parts: tuple[str, ...]) -> Place | str | None:
        if len(parts) != 2:
            return "n<number>/<picture>.jpg"
        identity = identity_of.get(parts[0])  # VGGFace2 has 9,131 people, 6,114 of them in VoxCeleb2
        return None if identity is None else {"identity": identity}

    return owner
