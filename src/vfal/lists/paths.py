"""Names of items: one key for every spelling that lists and embeddings use for the same file.

| what | spellings | key |
|---|---|---|
| VoxCeleb1 clip | `id10117/<video>/00001.wav`, `CCH_Pounder/<video>_0000001.wav`, `Name/<video>/00001.wav` | `voice:<person>/<video>/00001` |
| frame of a video | `Name/1.6/<video>/0013500.jpg`, the same without `1.6` | `face:<person>/<video>/0013500` |
| VGGFace still | `Name/00000295.jpg` | `face:<person>/00000295` |
| anything else | `voices/English/00000.wav` | the path itself |

Folders in front and the ending do not matter in the first three. A person is the VoxCeleb1 id where the
table of names (`people.py`) knows the name, else the name as it stands.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vfal.core.types import Modality

ENDINGS: dict[Modality, tuple[str, ...]] = {
    "voice": ("wav", "flac", "m4a", "mp3", "ogg"),
    "face": ("jpg", "jpeg", "png", "webp"),
}
KIND_OF: dict[str, Modality] = {ending: kind for kind, endings in ENDINGS.items() for ending in endings}
VOICE = re.compile(r"(?:^|/)(?P<person>[^/]+)/(?P<video>[\w-]{11})(?:/|_\d\d)(?P<item>\d{5})$")
FACE = re.compile(
    r"(?:^|/)(?P<person>[^/]+)(?:(?:/1\.6)?/(?P<video>[\w-]{11})/(?P<item>\d{7})|/(?P<still>\d{8}))$"
)


def kinds_of(paths: Iterable[str]) -> list[str]:
    """`voice`, `face` or an empty text for each path, by its ending."""
    return [KIND_OF.get(path.rpartition(".")[2].lower(), "") for path in paths]


class ItemName(NamedTuple):
    """What a path says: a key that is the same for all its spellings, person and video (empty: unsaid)."""

    key: str
    person: str
    video: str
    modality: str


@dataclass(frozen=True)
class PathReader:
    """Reads paths; `id_of` turns names into ids. Each path is read once."""

    id_of: Mapping[str, str]
    _read: dict[str, ItemName]

    @classmethod
    def of(cls, id_of: Mapping[str, str]) -> "PathReader":
        """A reader that has read nothing yet."""
        return cls(id_of, {})

    def __call__(self, path: str) -> ItemName:
        found = self._read.get(path)
        if found is None:
            found = self._read[path] = self._name(path)
        return found

    def _name(self, path: str) -> ItemName:
        plain = path.replace("\\", "/")
        stem, _, ending = plain.rpartition(".")
        modality = KIND_OF.get(ending.lower(), "")
        if not modality:
            stem = plain
        # Without an ending (keys of somebody's embeddings) the digits tell a clip from a picture.
        for kind, pattern in (("voice", VOICE), ("face", FACE)):
            if modality not in (kind, "") or not (match := pattern.search(stem)):
                continue
            said = match.groupdict()
            person = self.id_of.get(said["person"], said["person"])
            video, item = said["video"] or "", said["item"] or said["still"]
            key = f"{kind}:{person}/{video}/{item}" if video else f"{kind}:{person}/{item}"
            return ItemName(key, person, video, modality or kind)
        return ItemName(plain, "", "", modality)

    def table(self, paths: Iterable[str]) -> pd.DataFrame:
        """One row per path: columns key, person, video, modality."""
        return pd.DataFrame([self(path) for path in paths], columns=ItemName._fields, dtype=object)

    def keys(self, paths: Iterable[str]) -> NDArray[Any]:
        """The key of each path."""
        keys = [self(path).key for path in paths]
        found = np.empty(len(keys), dtype=object)
        found[:] = keys
        return found
