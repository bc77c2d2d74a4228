"""Anybody's own corpus: a folder of voices and a folder of faces per person."""

from collections.abc import Collection
from pathlib import Path
from typing import ClassVar

from vfal.core.config.machine import Collect
from vfal.data.measured import Measured
from vfal.data.people_tables import people_of_folders
from vfal.data.tree import (
    FACE_ENDINGS,
    VOICE_ENDINGS,
    Place,
    Reading,
    Tree,
    clip_table,
    face_table,
    left_aside,
)
from vfal.data.voxceleb_layout import corpus_root
from vfal.dataset import Corpus, Dataset, DatasetCard


class Folder(Dataset):
    """`voices/<identity>/...`, `faces/<identity>/...` and, if you like, `people.csv`."""

    card: ClassVar[DatasetCard] = DatasetCard(title="A folder of your own", licence="yours", source="you")

    def collect(
        self, settings: Collect, folder: Path, *, workers: int, withdrawn: Collection[str] = ()
    ) -> Corpus:
        """List both trees. A recording's `video` is a person's folder in a folder, or the file itself."""
        root = corpus_root(settings, "voices/ and faces/")
        voices = Tree(root / "voices", VOICE_ENDINGS, settings.follow_links)
        pictures = Tree(root / "faces", FACE_ENDINGS, settings.follow_links)
        reading = Reading(root, Measured.of(root), workers, withdrawn)
        clips = clip_table([voices], _recording, reading)
        images = face_table([pictures], _picture, reading)
        reading.measured.keep()
        people = people_of_folders(root, [*clips["identity"], *images["identity"]], withdrawn)
        return Corpus(root, people, clips, images, left_aside=left_aside(root, voices, pictures))


def _recording(parts: tuple[str, ...]) -> Place | str:
    if len(parts) < 2:
        return "<identity>/<recording>"
    video = parts[1] if len(parts) > 2 else Path(parts[1]).stem
    return {"identity": parts[0], "video": f"{parts[0]}/{video}"}


def _picture(parts: tuple[str, ...]) -> Place | str:
    return {"identity": parts[0]} if len(parts) > 1 else "<identity>/<picture>"
