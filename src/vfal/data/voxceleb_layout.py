"""Listing trees laid out as the VoxCelebs, the VGGFaces and the VoxCeleb1 video faces.

wav/<id>/<video>/<n>.wav                     recordings of VoxCeleb1, 16 kHz mono
dev/aac/<id>/<video>/<n>.m4a                 recordings of VoxCeleb2
faces/<Name>/<n>.jpg                         stills of VGGFace, or VGG_ALL_FRONTAL/<Name>/<n>.jpg
unzippedFaces/<Name>/1.6/<video>/<n>.jpg     video faces of VoxCeleb1 (1.6 may be missing)
vox1_meta.csv                                tabs: VoxCeleb1 ID, VGGFace1 ID, Gender, Nationality, Set
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from vfal.core.config.machine import Collect
from vfal.core.errors import DataError
from vfal.data.measured import Measured
from vfal.data.people_tables import read_vox1
from vfal.data.tree import (
    FACE_ENDINGS,
    VOICE_ENDINGS,
    Owner,
    Place,
    Reading,
    Tree,
    clip_table,
    face_table,
    first_folder,
    left_aside,
)
from vfal.dataset import Corpus

STILL_FOLDERS = ("faces", "VGG_ALL_FRONTAL")
VIDEO_FACE_FOLDERS = ("unzippedFaces", "faces")
META_FILE = "vox1_meta.csv"
CROP_SCALE = "1.6"


def list_corpus(
    root: Path,
    *,
    workers: int,
    withdrawn: Collection[str] = (),
    measured: Measured | None = None,
    faces: Path | None = None,
    face_owner: Callable[[Mapping[str, str]], Owner] | None = None,
    follow_links: bool = False,
) -> Corpus:
    """The tables of VoxCeleb1 recordings and faces, without the identities that have `withdrawn`.

    `faces` is the folder of faces where it is not under `root`, `face_owner` how they lie there (stills
    in a folder per name, if nothing is said). Every file's header is read and its bytes are hashed,
    unless `measured` knows it. A file whose header cannot be read stays in its table with the reason
    under `problem`; a person without any file stays too. Raises `DataError` when the tree has no
    recordings, no pictures or no table of people.
    """
    everybody = read_vox1(root / META_FILE)
    faces = faces or first_folder(root, STILL_FOLDERS, "faces")
    identity_of = dict(zip(everybody["name"], everybody["identity"], strict=True))
    reading = Reading(root, measured or Measured(), workers, withdrawn)
    voices = Tree(root / "wav", VOICE_ENDINGS, follow_links)
    pictures = Tree(faces, FACE_ENDINGS, follow_links)
    clips = clip_table([voices], utterance, reading)
    images = face_table([pictures], (face_owner or still)(identity_of), reading)
    reading.measured.keep()
    people = everybody[~everybody["identity"].isin(withdrawn)].reset_index(drop=True)
    return Corpus(root, people, clips, images, left_aside=left_aside(root, voices, pictures))


def corpus_root(settings: Collect, expected: str) -> Path:
    """`collect.root`, resolved; `expected` says what it should hold."""
    root = Path(settings.root)
    if not settings.root or not root.is_dir():
        raise DataError(
            f"collect.root: '{settings.root}' is not a folder. Expected the folder that holds {expected}."
        )
    return root.resolve()


def faces_folder(settings: Collect) -> Path | None:
    """`collect.faces_root`, resolved; None where it is not given."""
    if not settings.faces_root:
        return None
    if not (folder := Path(settings.faces_root)).is_dir():
        raise DataError(
            f"collect.faces_root: '{settings.faces_root}' is not a folder. Expected one of faces."
        )
    return folder.resolve()


def utterance(parts: tuple[str, ...]) -> Place | str:
    """Whose a recording of either VoxCeleb is."""
    if len(parts) != 3:
        return "<identity>/<video>/<clip>.wav"
    return {"identity": parts[0], "video": parts[1]}


def still(identity_of: Mapping[str, str]) -> Owner:
    """Whose a still is, by the name of its folder."""

    def owner(parts: tuple[str, ...]) -> Place | str:
        if len(parts) < 2:
            return "<Name>/<picture>.jpg"
        return {"identity": identity_of.get(parts[-2], parts[-2])}

    return owner


def video_face(identity_of: Mapping[str, str]) -> Owner:
    """Whose a video face is, and of which video."""

    def owner(parts: tuple[str, ...]) -> Place | str:
        name, *between, video, _ = parts if len(parts) > 2 else ("", "", "", "")
        if not name or between not in ([], [CROP_SCALE]):
            return f"<Name>/{CROP_SCALE}/<video>/<frame>.jpg"
        return {"identity": identity_of.get(name, name), "video": video}

    return owner
