"""MAV-Celeb: people who speak two languages, the corpus of the FAME challenges."""

from collections.abc import Collection
from pathlib import Path
from typing import ClassVar

from vfal.core.config.machine import Collect
from vfal.core.errors import DataError
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

LANGUAGES = {"v1": ("English", "Urdu"), "v2": ("English", "Hindi"), "v3": ("English", "German")}


class MavCeleb(Dataset):
    """`voices/<identity>/<Language>/<video>/<n>.wav` and `faces/` likewise, under one root per version."""

    card: ClassVar[DatasetCard] = DatasetCard(
        title="MAV-Celeb (v1 English and Urdu, v2 English and Hindi, v3 English and German)",
        licence="as granted by its owners",
        source="Nawaz et al. 2021; FAME challenges 2024, 2026",
    )

    def collect(
        self, settings: Collect, folder: Path, *, workers: int, withdrawn: Collection[str] = ()
    ) -> Corpus:
        """List both trees; recordings and faces also have `language`, faces their `video`.

        Genders and nationalities come from `people.csv` where there is one; they are not published.
        """
        root = corpus_root(settings, "voices/ and faces/")
        languages = LANGUAGES[settings.mav_celeb.version]
        voices = Tree(root / "voices", VOICE_ENDINGS, settings.follow_links)
        pictures = Tree(root / "faces", FACE_ENDINGS, settings.follow_links)
        reading = Reading(root, Measured.of(root), workers, withdrawn)
        clips = clip_table([voices], _in_language, reading)
        images = face_table([pictures], _in_language, reading)
        reading.measured.keep()
        spoken = sorted({*clips["language"], *images["language"]})
        if not set(spoken) <= set(languages):
            raise DataError(
                f"{root}: found languages {', '.join(spoken)}; {settings.mav_celeb.version} has "
                f"{' and '.join(languages)} (collect.mav_celeb.version)."
            )
        people = people_of_folders(root, [*clips["identity"], *images["identity"]], withdrawn)
        return Corpus(root, people, clips, images, left_aside=left_aside(root, voices, pictures))


def _in_language(parts: tuple[str, ...]) -> Place | str:
    if len(parts) != 4:
        return "<identity>/<Language>/<video>/<file>"
    # Videos are numbered per person there: video_1 of two people is not one video.
    return {"identity": parts[0], "language": parts[1], "video": f"{parts[0]}/{parts[2]}"}
