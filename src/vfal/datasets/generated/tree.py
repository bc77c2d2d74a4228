"""The generated people as files, laid out as VoxCeleb1 beside VGGFace.

wav/<id>/<video>/<5 digits>.wav   faces/<Name>/<8 digits>.jpg   vox1_meta.csv   truth/people.parquet

A file depends on its own address only, so any number of processes make the same bytes in any order, a
tree that was cut short is completed by running again, and a larger corpus keeps the files of a smaller
one.
"""

import io
import wave
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vfal.core.config.generated import GeneratedCorpus
from vfal.core.files import whole_file, write_text
from vfal.core.seeding import generator
from vfal.core.tables import write_table
from vfal.core.workers import spread
from vfal.datasets.generated.faces import photograph_of
from vfal.datasets.generated.names import NATIONALITIES
from vfal.datasets.generated.people import Person, draw_people, truth_table
from vfal.datasets.generated.voices import SAMPLE_RATE_HZ, clip_of

META_HEADER = ("VoxCeleb1 ID", "VGGFace1 ID", "Gender", "Nationality", "Set")
TRUTH_FILE = Path("truth/people.parquet")
_VIDEO_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"


@dataclass(frozen=True)
class Address:
    """Where clip `clip` of a person goes: video number, and place within it, both from 0."""

    video: int
    place: int


def clip_address(clip: int) -> Address:
    """Clips alternate between two videos; every four clips open two new ones."""
    return Address(video=2 * (clip // 4) + clip % 2, place=clip % 4 // 2)


def video_name(seed: int, identity: str, video: int) -> str:
    """The 11 characters that name a video."""
    letters = generator(seed, "video", identity, video).integers(len(_VIDEO_LETTERS), size=11)
    return "".join(_VIDEO_LETTERS[letter] for letter in letters)


def grow_tree(
    settings: GeneratedCorpus, root: Path, *, seed: int, workers: int, withdrawn: Collection[str] = ()
) -> None:
    """Write what is missing of the corpus under `root`; `workers` 0 uses every core."""
    for leftover in root.rglob(".*.partial-*"):  # of a run that was killed while writing
        leftover.unlink()
    people = [person for person in draw_people(settings, seed) if person.identity not in withdrawn]
    for _ in spread(
        partial(_write_person, settings=settings, root=root, seed=seed),
        people,
        workers=workers,
        title="make people",
    ):
        pass
    write_table(root / TRUTH_FILE, truth_table(people, settings))
    write_text(root / "vox1_meta.csv", meta_text(people))


def meta_text(people: list[Person]) -> str:
    """The tab-separated table of people; gender and nationality are those the face was drawn from."""
    rows = [META_HEADER]
    rows += [
        (person.identity, person.name, "m" if person.male else "f", NATIONALITIES[person.nationality], "dev")
        for person in people
    ]
    return "".join("\t".join(row) + "\n" for row in rows)


def _write_person(person: Person, *, settings: GeneratedCorpus, root: Path, seed: int) -> None:
    for clip in range(settings.clips_each):
        address = clip_address(clip)
        video = video_name(seed, person.identity, address.video)
        path = root / "wav" / person.identity / video / f"{address.place + 1:05d}.wav"
        if not path.exists():
            _write_bytes(
                path, wav_bytes(clip_of(settings, seed, person.identity, person.voice, clip, address.video))
            )
    for face in range(settings.faces_each):
        path = root / "faces" / person.name / f"{face + 1:08d}.jpg"
        if not path.exists():
            _write_bytes(path, photograph_of(settings, seed, person.identity, person.face, face))


def wav_bytes(samples_T: npt.NDArray[np.int16]) -> bytes:
    """A 16-bit mono wav file."""
    handle = io.BytesIO()
    with wave.open(handle, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(samples_T.astype("<i2").tobytes())
    return handle.getvalue()


def _write_bytes(path: Path, content: bytes) -> None:
    with whole_file(path) as partial_path:
        partial_path.write_bytes(content)
